// Asks /hotels for a stay and shows the answer as a list and on a map. What comes from outside goes into text nodes only.

const byId = (id) => document.getElementById(id);
const form = byId('stay');
const [list, notice, summary, nights, made] = ['list', 'notice', 'summary', 'nights', 'made'].map(byId);
const [map, base, pins] = ['map', 'base', 'pins'].map(byId);
const FIELDS = ['inDate', 'outDate', 'locale'];
const MOST = '50';
const DAY = 86_400_000;

/** An element with a class and children; strings among them become text. */
function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children.filter((child) => child !== undefined && child !== ''));
  return made;
}

// ---- The stay: a form that follows the URL -------------------------------------------------------------------------

/** A local calendar day some days from now, as YYYY-MM-DD. */
function dayFromNow(days) {
  const now = new Date();
  return new Date(Date.UTC(now.getFullYear(), now.getMonth(), now.getDate() + days)).toISOString().slice(0, 10);
}

function readUrl() {
  const said = new URLSearchParams(location.search);
  form.inDate.value = said.get('inDate') ?? dayFromNow(1);
  form.outDate.value = said.get('outDate') ?? dayFromNow(2);
  form.locale.value = said.get('locale') ?? 'en';
  if (!form.locale.value) form.locale.value = 'en';
}

function stay() {
  return new URLSearchParams(FIELDS.map((name) => [name, form[name].value]));
}

function wordsOfStay() {
  const [from, to] = [Date.parse(form.inDate.value), Date.parse(form.outDate.value)];
  const format = new Intl.DateTimeFormat(form.locale.value, { dateStyle: 'medium', timeZone: 'UTC' });
  const count = Math.round((to - from) / DAY);
  return `${format.formatRange(from, to)} · ${count} ${count === 1 ? 'night' : 'nights'}`;
}

// ---- Asking --------------------------------------------------------------------------------------------------------

let turn = 0;
let running = new AbortController();

/** Each search has a turn, and an answer is shown only while its turn is the last: a slow old one never wins. */
async function search() {
  const mine = ++turn;
  running.abort();
  running = new AbortController();
  showLoading();
  const query = stay();
  query.set('limit', MOST);
  const start = performance.now();
  try {
    const answer = await fetch(`/hotels?${query}`, { signal: running.signal });
    const body = await answer.json();
    if (mine !== turn) return;
    if (answer.ok) showHotels(body);
    else showFault(body.error, answer.headers.get('retry-after'));
    showMade(performance.now() - start, answer.headers.get('x-trace-id'));
  } catch {
    if (mine !== turn) return;
    showFault({ message: 'The server cannot be reached, or its answer cannot be read.' });
    made.replaceChildren();
  }
}

function showLoading() {
  for (const name of FIELDS) markField(name, '');
  notice.hidden = true;
  map.classList.add('loading');
  summary.textContent = 'Looking for hotels…';
  nights.textContent = '';
  const bones = () => element('li', 'skeleton', element('i'), element('i'), element('i'));
  list.replaceChildren(...Array.from({ length: 6 }, bones));
  list.setAttribute('aria-busy', 'true');
}

function showDone(features) {
  map.classList.remove('loading');
  list.removeAttribute('aria-busy');
  hotels = features.map(hotelOf);
  list.replaceChildren(...hotels.map((hotel) => hotel.row));
  pins.replaceChildren(...hotels.filter((hotel) => hotel.place).map((hotel) => hotel.pin));
  drawView();
}

function showHotels({ features, degraded = [] }) {
  showDone(features);
  const count = features.length;
  summary.textContent = count === 0 ? 'No hotel is free' : `${count} ${count === 1 ? 'hotel' : 'hotels'} nearby`;
  nights.textContent = wordsOfStay();
  if (count === 0) showNotice('No hotel near the centre has a room for these nights. Try other dates or a shorter stay.', false);
  else if (degraded.includes('rate')) showNotice('Prices cannot be shown at the moment, nor whether a hotel has a room for these nights.', true);
}

/** At the field where it is one of ours, else above the list. */
function showFault({ message, field }, retryAfter) {
  showDone([]);
  summary.textContent = 'No answer';
  const wait = retryAfter ? `. Try again in ${retryAfter} s.` : '';
  if (!FIELDS.includes(field)) return showNotice(`${message}${wait}`, true);
  summary.textContent = 'Please check your stay';
  markField(field, message.replace(`${field}: expected`, 'Expected').replace('inDate', 'check-in'));
  form[field].focus();
}

function markField(name, fault) {
  byId(`${name}-fault`).textContent = fault;
  form[name].setAttribute('aria-invalid', String(fault !== ''));
}

function showNotice(text, mayRetry) {
  notice.firstElementChild.textContent = text;
  byId('retry').hidden = !mayRetry;
  notice.hidden = false;
}

function showMade(milliseconds, trace) {
  made.replaceChildren(`Answered in ${Math.round(milliseconds)} ms`, element('span', 'trace', 'trace ', element('code', '', trace ?? '')));
}

// ---- One hotel: a row of the list and a pin of the map -------------------------------------------------------------

let hotels = [];

function money(price, amount) {
  const digits = Number.isInteger(amount) ? 0 : 2;
  const style = { style: 'currency', currency: price.currency, minimumFractionDigits: digits, maximumFractionDigits: digits };
  try {
    return new Intl.NumberFormat(form.locale.value, style).format(amount);
  } catch {
    return `${amount} ${price.currency}`; // The currency is none that the browser knows.
  }
}

function kilometres(metres) {
  if (metres === undefined) return '';
  return metres < 950 ? `${Math.round(metres / 10) * 10} m` : `${(metres / 1000).toFixed(1)} km`;
}

function hotelOf({ properties, geometry }) {
  const { name, price, rating } = properties;
  const label = price ? money(price, price.nightly) : '–';
  const facts = [rating === undefined ? '' : `★ ${rating.toFixed(1)}`, kilometres(properties.distance_m), properties.address_line];
  const summary = element('summary', '',
    element('span', 'monogram', Array.from(name)[0] ?? ''),
    element('span', 'what', element('b', '', name), element('small', '', facts.filter(Boolean).join(' · '))),
    price && element('span', 'price', element('b', '', label), element('small', '', 'per night')));
  const details = element('details', '', summary, moreOf(properties));
  details.name = 'hotel'; // One is open at a time.

  const pin = element('button', 'pin', element('span', '', label));
  pin.type = 'button';
  pin.setAttribute('aria-label', `${name}, ${label}`);
  const hotel = { row: element('li', '', details), pin, label, place: geometry && project(geometry.coordinates) };
  join(hotel, details, summary);
  return hotel;
}

function moreOf({ description, price, phone_number: phone }) {
  const more = element('div', 'more', description && element('p', '', description));
  if (price) more.append(element('p', '', `${price.room}: ${money(price, price.total)} in all, ${money(price, price.total_inclusive)} with tax`));
  if (phone) {
    const link = element('a', '', phone);
    link.href = `tel:${phone.replace(/[^+\d]/g, '')}`;
    more.append(element('p', '', link));
  }
  return more;
}

/** What happens to the row shows on the pin, and the other way round. */
function join(hotel, details, summary) {
  const light = (on) => [hotel.row, hotel.pin].forEach((part) => part.classList.toggle('lit', on || details.open));
  for (const part of [hotel.row, hotel.pin]) {
    for (const event of ['pointerenter', 'focusin']) part.addEventListener(event, () => light(true));
    for (const event of ['pointerleave', 'focusout']) part.addEventListener(event, () => light(false));
  }
  details.addEventListener('toggle', () => light(details.open));
  hotel.pin.addEventListener('click', () => {
    details.open = true;
    summary.focus({ preventScroll: true });
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    hotel.row.scrollIntoView({ block: 'nearest', behavior: calm ? 'auto' : 'smooth' });
  });
}

// ---- The map: our base map as paths, the view as a viewBox, in metres from the centre --------------------------------

const CENTRE = [-122.4194, 37.7749];
const METRES = [111_320 * Math.cos((CENTRE[1] * Math.PI) / 180), -111_000];
const LAYERS = ['land', 'beach', 'park', 'lake', 'built', 'ferry', 'minor', 'tertiary', 'secondary', 'primary', 'rail', 'cable', 'motorway'];
const LABELLED = ['motorway', 'primary', 'secondary', 'tertiary'];
let features = [];

const project = (place) => place.map((degrees, axis) => (degrees - CENTRE[axis]) * METRES[axis]);

function draw(name, attributes, text) {
  const made = document.createElementNS(base.namespaceURI, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

async function loadBaseMap() {
  features = (await (await fetch('/assets/basemap.geojson')).json()).features;
  const paths = new Map(LAYERS.map((layer) => [layer, '']));
  const line = (points) => `M${points.map((point) => project(point).map(Math.round)).join('L')}`;
  for (const { properties, geometry } of features) {
    const layer = properties.cls ?? properties.layer;
    if (!paths.has(layer)) continue;
    // One level of brackets less than lines have is a line, one and two more are polygons.
    const lines = geometry.type === 'LineString' ? [geometry.coordinates] : geometry.coordinates.flat(geometry.type === 'Polygon' ? 0 : 1);
    paths.set(layer, paths.get(layer) + lines.map(line).join(''));
  }
  base.replaceChildren(...LAYERS.map((layer) => draw('path', { class: layer, d: paths.get(layer) })), draw('g', { class: 'labels' }));
  drawView();
}

/** Shows all hotels, or the middle of the city where there are none. */
function drawView() {
  const { width, height } = map.getBoundingClientRect();
  const places = hotels.map((hotel) => hotel.place).filter(Boolean);
  const shown = places.length ? places : [[-600, -2600], [2600, 1000]];
  const [xs, ys] = [0, 1].map((axis) => shown.map((place) => place[axis]));
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = Math.max((right - left) / (width - 100), (bottom - top) / (height - 130), 1.6); // Metres a pixel.
  const [x, y] = [(left + right - width * scale) / 2, (top + bottom - (height + 30) * scale) / 2];
  base.setAttribute('viewBox', `${x} ${y} ${width * scale} ${height * scale}`);
  base.style.setProperty('--zoom', Math.min(1.6, Math.max(0.5, 3.2 / scale)));
  const taken = placePins((place) => [(place[0] - x) / scale, (place[1] - y) / scale]);
  placeLabels({ x, y, scale, width, height }, taken);
}

const hits = (box, taken) => taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3]);
const around = ([x, y], halfWidth, halfHeight) => [x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight];

/** A pill stands above its place; where it would cover another place or pill, the pin is a dot. */
function placePins(toPixels) {
  const placed = hotels.filter((hotel) => hotel.place).map((hotel) => ({ ...hotel, at: toPixels(hotel.place) }));
  const pills = [];
  for (const { pin, at, label } of placed) {
    const box = around([at[0], at[1] - 24], label.length * 4.5 + 12, 15);
    const places = placed.filter((other) => other.at !== at).map((other) => around(other.at, 8, 8));
    const isDot = hits(box, pills) || hits(box, places);
    if (!isDot) pills.push(box);
    pin.classList.toggle('dot', isDot);
    [pin.style.left, pin.style.top] = at.map((pixels) => `${pixels}px`);
  }
  return [...pills, ...placed.map(({ at }) => around(at, 8, 8))];
}

/** Names of quarters, parks and sights by rank, then of streets along their longest stretch; none over another. */
function placeLabels(view, taken) {
  const group = base.querySelector('.labels');
  if (!group) return;
  const { x, y, scale, width, height } = view;
  const put = (text, kind, [atX, atY], angle = 0) => {
    const pixels = [(atX - x) / scale, (atY - y) / scale];
    const half = text.length * (kind === 'hood' ? 4.3 : 3.1) + 4;
    const [cos, sin] = [Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle))];
    const box = around(pixels, half * cos + 8 * sin, half * sin + 8 * cos);
    if (box[0] < 0 || box[1] < 0 || box[2] > width || box[3] > height || hits(box, taken)) return false;
    taken.push(box);
    const transform = `translate(${atX} ${atY}) scale(${scale}) rotate(${(angle * 180) / Math.PI})`;
    return group.appendChild(draw('text', { class: kind, transform, dy: '.35em' }, text));
  };
  group.replaceChildren();
  taken.push([width - 190, height - 22, width, height]); // The credit stands there.
  const points = features.filter(({ properties }) => properties.layer === 'label');
  points.sort((one, other) => one.properties.rank - other.properties.rank);
  for (const { properties, geometry } of points) put(properties.name, properties.kind, project(geometry.coordinates));
  const seen = new Set();
  for (const kind of LABELLED) {
    for (const { properties, geometry } of features.filter((feature) => feature.properties.cls === kind)) {
      if (!properties.name || seen.has(properties.name)) continue;
      const spot = stretches(geometry.coordinates.map(project), properties.name.length * 7 * scale, view)
        .find(({ middle, angle }) => put(properties.name, 'street', middle, angle));
      if (spot) seen.add(properties.name);
    }
  }
}

/** The middles of straight stretches that a name fits on, each read from left to right. */
function stretches(points, least, { x, y, scale, width, height }) {
  const found = [];
  for (let n = 1; n < points.length; n += 1) {
    const [[fromX, fromY], [toX, toY]] = [points[n - 1], points[n]];
    const length = Math.hypot(toX - fromX, toY - fromY);
    const angle = Math.atan((toY - fromY) / (toX - fromX || 1e-9));
    for (const part of [0.5, 0.3, 0.7, 0.15, 0.85]) {
      const middle = [fromX + (toX - fromX) * part, fromY + (toY - fromY) * part];
      const isSeen = middle[0] > x && middle[0] < x + width * scale && middle[1] > y && middle[1] < y + height * scale;
      if (isSeen && length > least) found.push({ middle, angle });
    }
  }
  return found;
}

// ---- Start ---------------------------------------------------------------------------------------------------------

form.addEventListener('submit', (event) => {
  event.preventDefault();
  history.pushState(null, '', `?${stay()}`);
  search();
});
form.locale.addEventListener('change', () => form.requestSubmit());
byId('retry').addEventListener('click', search);
window.addEventListener('popstate', () => {
  readUrl();
  search();
});
readUrl();
search();
new ResizeObserver(drawView).observe(map);
loadBaseMap().catch(() => map.classList.add('bare')); // Pins stand on plain ground then.
