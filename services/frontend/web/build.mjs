// Builds the page into ../assets, with hashes in the names, and brotli and gzip beside each file.
//
//   node build.mjs            builds
//   node build.mjs --check    says whether what is there is what would be built
//   node build.mjs --tests    builds the tests into out/

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, constants, gunzipSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const assets = here('../assets');
const modules = here('node_modules');

const MEDIA_TYPES = {
  css: 'text/css; charset=utf-8',
  geojson: 'application/geo+json',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  mjs: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
  woff2: 'font/woff2',
};

/** The pages, and where each is. */
const PAGES = { 'page.html': '/', 'mesh.html': '/mesh' };

/** What is compressed already gains nothing. */
const isPacked = (name) => name.endsWith('.woff2');

const files = new Map();

/** Adds a file under a name that holds the hash of its content; returns where it is served. */
function add(name, content) {
  const [stem, ending] = [name.slice(0, name.indexOf('.')), name.slice(name.indexOf('.'))];
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 10);
  files.set(`${stem}-${hash}${ending}`, Buffer.from(content));
  return `/assets/${stem}-${hash}${ending}`;
}

const addFile = (name, path) => add(name, readFileSync(path));

// A comment that names a source map makes developer tools ask for one that is not shipped.
const withoutMap = (path) => readFileSync(path, 'utf8').replace(/\n?\/\/# sourceMappingURL=.*\n?$/, '\n');

async function bundle(served) {
  const vendor = {
    name: 'vendor',
    setup: ({ onResolve }) => onResolve({ filter: /^maplibre-gl$/ }, () => ({ path: served.maplibre, external: true })),
  };
  const made = await build({
    entryPoints: { main: here('src/main.ts'), mesh: here('src/mesh/main.ts') },
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    outdir: '/assets',
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    write: false,
    absWorkingDir: here('.'),
    define: { FILES: JSON.stringify({ worker: served.worker, basemap: served.basemap }) },
    plugins: [vendor],
    logLevel: 'warning',
  });
  for (const { path, contents } of made.outputFiles) files.set(basename(path), Buffer.from(contents));
  return (entry) => {
    const file = made.outputFiles.find(({ path }) => basename(path).startsWith(`${entry}-`));
    return `/assets/${basename(file.path)}`;
  };
}

async function page() {
  const served = {
    maplibre: add('maplibre-gl.mjs', withoutMap(join(modules, 'maplibre-gl/dist/maplibre-gl.mjs'))),
    worker: add('maplibre-gl-worker.mjs', withoutMap(join(modules, 'maplibre-gl/dist/maplibre-gl-worker.mjs'))),
    basemap: addFile('basemap.geojson', here('src/basemap.geojson')),
    'maplibre.css': addFile('maplibre-gl.css', join(modules, 'maplibre-gl/dist/maplibre-gl.css')),
    'inter.woff2': addFile('inter.woff2', join(modules, '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2')),
    'icon.svg': addFile('icon.svg', here('src/icon.svg')),
  };
  for (const name of ['page.css', 'mesh.css']) {
    const style = await build({ entryPoints: [here(`src/${name}`)], minify: true, write: false, external: ['*.woff2'], bundle: true, target: 'chrome123' });
    served[name] = add(name, style.outputFiles[0].text.replaceAll('inter.woff2', served['inter.woff2']));
  }
  const script = await bundle(served);
  for (const entry of ['main', 'mesh']) served[`${entry}.js`] = script(entry);
  for (const name of Object.keys(PAGES)) {
    const html = readFileSync(here(`src/${name}`), 'utf8').replace(/\{\{([\w.]+)\}\}/g, (_, used) => served[used] ?? fail(`no ${used}`));
    files.set(name, Buffer.from(html));
  }
  files.set('LICENSES.txt', Buffer.from(licences()));
}

/** The licences of what others made and the page ships. */
function licences() {
  const text = (name, path) => `${name}\n${'='.repeat(name.length)}\n\n${readFileSync(join(modules, path), 'utf8').trim()}\n`;
  return [
    text('MapLibre GL JS', 'maplibre-gl/LICENSE.txt'),
    text('Inter', '@fontsource-variable/inter/LICENSE'),
  ].join('\n\n');
}

/** The table of files as the frontend embeds them; Rust, to be included. */
function table() {
  const rows = [...files.keys()].sort().map((name) => {
    const bytes = (file) => `include_bytes!("${file}")`;
    const packed = (ending) => (isPacked(name) ? 'None' : `Some(${bytes(`${name}.${ending}`)})`);
    const page = PAGES[name];
    const [path, isHashed] = page ? [page, false] : [`/assets/${name}`, name !== 'LICENSES.txt'];
    const type = MEDIA_TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? fail(`no media type for ${name}`);
    return `    Asset {
        path: ${JSON.stringify(path)},
        media_type: ${JSON.stringify(type)},
        is_hashed: ${isHashed},
        body: ${bytes(name)},
        brotli: ${packed('br')},
        gzip: ${packed('gz')},
    },`;
  });
  return `// Written by web/build.mjs.\n[\n${rows.join('\n')}\n]\n`;
}

function fail(reason) {
  throw new Error(reason);
}

function write() {
  rmSync(assets, { recursive: true, force: true });
  mkdirSync(assets);
  for (const [name, content] of files) {
    writeFileSync(join(assets, name), content);
    if (isPacked(name)) continue;
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
    writeFileSync(join(assets, `${name}.br`), brotliCompressSync(content, { params }));
    writeFileSync(join(assets, `${name}.gz`), gzipSync(content, { level: 9 }));
  }
  writeFileSync(join(assets, 'files.rs'), table());
}

/** Compressed files count by what they hold: another Node may pack in another way. */
function check() {
  const wanted = new Map([['files.rs', Buffer.from(table())]]);
  for (const [name, content] of files) {
    wanted.set(name, content);
    if (!isPacked(name)) for (const ending of ['br', 'gz']) wanted.set(`${name}.${ending}`, content);
  }
  const there = readdirSync(assets);
  const held = (name) => {
    const bytes = readFileSync(join(assets, name));
    if (name.endsWith('.br')) return brotliDecompressSync(bytes);
    return name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
  };
  const differing = [...wanted].filter(([name, content]) => !there.includes(name) || !held(name).equals(content)).map(([name]) => name);
  const odd = [...differing, ...there.filter((name) => !wanted.has(name))];
  if (odd.length > 0) {
    console.error(`not what the source builds to: ${odd.join(', ')}. Run "npm run build" in services/frontend/web.`);
    process.exit(1);
  }
  console.log(`${there.length} files are what the source builds to`);
}

async function tests() {
  rmSync(here('out'), { recursive: true, force: true });
  for (const folder of ['tests', 'browser']) {
    const entryPoints = readdirSync(here(folder)).filter((name) => name.endsWith('.test.ts')).map((name) => here(`${folder}/${name}`));
    await build({ entryPoints, bundle: true, packages: 'external', format: 'esm', platform: 'node', target: 'node20', outdir: here(`out/${folder}`), sourcemap: 'inline', logLevel: 'warning' });
  }
}

if (process.argv.includes('--tests')) {
  await tests();
} else {
  await page();
  if (process.argv.includes('--check')) check();
  else write();
}
