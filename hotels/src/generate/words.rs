//! What hotels, streets and rooms are called.

pub(super) const FIRST: [&str; 24] = [
    "Grand", "Royal", "Old", "New", "Little", "Golden", "Silver", "Blue", "Green", "White",
    "Quiet", "Upper", "Lower", "Northern", "Southern", "Eastern", "Western", "Central", "Imperial",
    "Modern", "Sunny", "Hidden", "First", "Last",
];

pub(super) const SECOND: [&str; 32] = [
    "Park",
    "Garden",
    "Harbour",
    "Station",
    "Palace",
    "Bridge",
    "River",
    "Hill",
    "Market",
    "Tower",
    "Mill",
    "Crown",
    "Anchor",
    "Lantern",
    "Orchard",
    "Meadow",
    "Terrace",
    "Courtyard",
    "Square",
    "Library",
    "Theatre",
    "Museum",
    "Cathedral",
    "Castle",
    "Lake",
    "Bay",
    "Forest",
    "Star",
    "Swan",
    "Lion",
    "Eagle",
    "Fox",
];

pub(super) const KIND: [&str; 8] = [
    "Hotel",
    "Inn",
    "House",
    "Suites",
    "Lodge",
    "Rooms",
    "Residence",
    "Guesthouse",
];

pub(super) const STREETS: [&str; 20] = [
    "Main St",
    "Station Rd",
    "Park Ave",
    "Market St",
    "Church St",
    "Bridge St",
    "River Rd",
    "Mill Ln",
    "High St",
    "King St",
    "Queen St",
    "Garden St",
    "Harbour St",
    "Castle St",
    "School Ln",
    "Lake Dr",
    "Hill Rd",
    "Forest Ave",
    "Theatre Sq",
    "Museum Sq",
];

pub(super) const OPENINGS: [&str; 8] = [
    "A calm house",
    "A lively place",
    "A small family hotel",
    "A large modern hotel",
    "A restored old building",
    "A bright corner house",
    "A simple, clean place",
    "A comfortable hotel",
];

pub(super) const PLACES: [&str; 8] = [
    "near the station",
    "beside the park",
    "above the market",
    "by the water",
    "in a quiet street",
    "close to the museums",
    "among cafés and shops",
    "on the way to the airport",
];

pub(super) const EXTRAS: [&str; 8] = [
    "with a large breakfast",
    "with a roof terrace",
    "with a pool under glass",
    "with a garden to sit in",
    "with rooms for families",
    "with a bar that stays open late",
    "with desks and fast internet",
    "with bicycles to borrow",
];

/// Code and words of a type of room, and its price beside that of a simple one, in hundredths.
pub(super) const ROOMS: [(&str, &str, i64); 5] = [
    ("SGL", "Single bed", 80),
    ("QN", "Queen sized bed", 100),
    ("KNG", "King sized bed", 115),
    ("DBL", "Two double beds", 125),
    ("STE", "Suite with a separate living room", 210),
];
