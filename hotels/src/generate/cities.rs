//! Cities around which hotels stand.

/// A city: where it is, how its addresses and prices are written, how many hotels it has beside others.
#[derive(Debug)]
pub(super) struct City {
    pub(super) name: &'static str,
    pub(super) state: &'static str,
    pub(super) country: &'static str,
    /// ISO 4217.
    pub(super) currency: &'static str,
    /// Hundredths of a percent.
    pub(super) tax: u32,
    pub(super) lat: f64,
    pub(super) lon: f64,
    pub(super) weight: u32,
}

/// Name, state, latitude, longitude, weight.
type Row = (&'static str, &'static str, f64, f64, u32);

/// All of them. The weights are made up, about as large as the cities.
pub(super) fn cities() -> Vec<City> {
    COUNTRIES
        .iter()
        .flat_map(|(country, currency, tax, rows)| {
            rows.iter()
                .map(move |&(name, state, lat, lon, weight)| City {
                    name,
                    state,
                    country,
                    currency,
                    tax: *tax,
                    lat,
                    lon,
                    weight,
                })
        })
        .collect()
}

/// Country, currency, tax, cities.
const COUNTRIES: [(&str, &str, u32, &[Row]); 26] = [
    (
        "United States",
        "USD",
        1400,
        &[
            ("San Francisco", "CA", 37.7749, -122.4194, 30),
            ("Los Angeles", "CA", 34.0522, -118.2437, 60),
            ("New York", "NY", 40.7128, -74.0060, 80),
            ("Chicago", "IL", 41.8781, -87.6298, 45),
            ("Miami", "FL", 25.7617, -80.1918, 35),
            ("Las Vegas", "NV", 36.1699, -115.1398, 30),
            ("Seattle", "WA", 47.6062, -122.3321, 20),
            ("Boston", "MA", 42.3601, -71.0589, 20),
            ("Honolulu", "HI", 21.3069, -157.8583, 12),
            ("Anchorage", "AK", 61.2181, -149.9003, 3),
        ],
    ),
    (
        "Canada",
        "CAD",
        1300,
        &[
            ("Toronto", "ON", 43.6532, -79.3832, 30),
            ("Vancouver", "BC", 49.2827, -123.1207, 18),
            ("Montreal", "QC", 45.5017, -73.5673, 20),
        ],
    ),
    (
        "Mexico",
        "MXN",
        1900,
        &[
            ("Mexico City", "CDMX", 19.4326, -99.1332, 50),
            ("Cancún", "Q.R.", 21.1619, -86.8515, 15),
        ],
    ),
    (
        "Brazil",
        "BRL",
        500,
        &[
            ("São Paulo", "SP", -23.5505, -46.6333, 60),
            ("Rio de Janeiro", "RJ", -22.9068, -43.1729, 35),
        ],
    ),
    (
        "Argentina",
        "ARS",
        2100,
        &[("Buenos Aires", "", -34.6037, -58.3816, 35)],
    ),
    (
        "United Kingdom",
        "GBP",
        2000,
        &[
            ("London", "", 51.5074, -0.1278, 75),
            ("Edinburgh", "", 55.9533, -3.1883, 10),
            ("Manchester", "", 53.4808, -2.2426, 12),
        ],
    ),
    (
        "Ireland",
        "EUR",
        1350,
        &[("Dublin", "", 53.3498, -6.2603, 12)],
    ),
    (
        "France",
        "EUR",
        1000,
        &[
            ("Paris", "", 48.8566, 2.3522, 70),
            ("Lyon", "", 45.7640, 4.8357, 12),
            ("Nice", "", 43.7102, 7.2620, 12),
        ],
    ),
    (
        "Germany",
        "EUR",
        700,
        &[
            ("Berlin", "", 52.5200, 13.4050, 30),
            ("Munich", "", 48.1351, 11.5820, 20),
            ("Hamburg", "", 53.5511, 9.9937, 16),
        ],
    ),
    (
        "Spain",
        "EUR",
        1000,
        &[
            ("Madrid", "", 40.4168, -3.7038, 30),
            ("Barcelona", "", 41.3851, 2.1734, 35),
            ("Palma", "", 39.5696, 2.6502, 12),
        ],
    ),
    (
        "Italy",
        "EUR",
        1000,
        &[
            ("Rome", "", 41.9028, 12.4964, 35),
            ("Milan", "", 45.4642, 9.1900, 22),
            ("Venice", "", 45.4408, 12.3155, 15),
        ],
    ),
    (
        "Austria",
        "EUR",
        1000,
        &[("Vienna", "", 48.2082, 16.3738, 18)],
    ),
    (
        "Switzerland",
        "CHF",
        380,
        &[("Zurich", "", 47.3769, 8.5417, 10)],
    ),
    (
        "Netherlands",
        "EUR",
        900,
        &[("Amsterdam", "", 52.3676, 4.9041, 20)],
    ),
    (
        "Portugal",
        "EUR",
        600,
        &[("Lisbon", "", 38.7223, -9.1393, 18)],
    ),
    (
        "Sweden",
        "SEK",
        1200,
        &[("Stockholm", "", 59.3293, 18.0686, 12)],
    ),
    (
        "Norway",
        "NOK",
        1200,
        &[("Longyearbyen", "Svalbard", 78.2232, 15.6267, 1)],
    ),
    (
        "Turkey",
        "TRY",
        1000,
        &[("Istanbul", "", 41.0082, 28.9784, 50)],
    ),
    ("Egypt", "EGP", 1400, &[("Cairo", "", 30.0444, 31.2357, 40)]),
    (
        "South Africa",
        "ZAR",
        1500,
        &[("Cape Town", "", -33.9249, 18.4241, 18)],
    ),
    (
        "United Arab Emirates",
        "AED",
        1000,
        &[("Dubai", "", 25.2048, 55.2708, 35)],
    ),
    (
        "India",
        "INR",
        1200,
        &[
            ("Mumbai", "MH", 19.0760, 72.8777, 60),
            ("Delhi", "DL", 28.7041, 77.1025, 65),
        ],
    ),
    (
        "Japan",
        "JPY",
        1000,
        &[
            ("Tokyo", "", 35.6762, 139.6503, 90),
            ("Osaka", "", 34.6937, 135.5023, 40),
        ],
    ),
    (
        "China",
        "CNY",
        600,
        &[
            ("Shanghai", "", 31.2304, 121.4737, 80),
            ("Beijing", "", 39.9042, 116.4074, 75),
        ],
    ),
    (
        "Australia",
        "AUD",
        1000,
        &[
            ("Sydney", "NSW", -33.8688, 151.2093, 30),
            ("Melbourne", "VIC", -37.8136, 144.9631, 28),
        ],
    ),
    // Beside the line where the date changes.
    (
        "Fiji",
        "FJD",
        900,
        &[("Taveuni", "", -16.8590, 179.9690, 2)],
    ),
];
