// The page of an application that uses the web components, served from an origin of its own.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';

const require = createRequire(import.meta.url);

/** The installed versions of the web components: 2.7.0, and the last of the first generation that speaks flows. */
export const VERSIONS = { '2.7.0': '@teamhanko/hanko-elements', '1.5.2': 'hanko-elements-1' };

/** Serves `/<version>/?lang=…&element=…` until closed. The API is `site.api`, to be set before a page is opened. */
export async function startSite() {
  const site = { api: undefined };
  const server = createServer((request, response) => {
    answer(site, new URL(request.url, 'http://localhost'))
      .then(([type, body]) => {
        if (!type) response.writeHead(404);
        else response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' });
        response.end(body);
      })
      .catch((error) => response.writeHead(500).end(String(error)));
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  site.origin = `http://localhost:${server.address().port}`;
  site.close = () =>
    new Promise((done) => {
      server.close(done);
      server.closeAllConnections();
    });
  return site;
}

async function answer(site, url) {
  const [, version, file] = url.pathname.split('/');
  if (!VERSIONS[version]) return [undefined, 'not found'];
  if (file === '') return ['text/html; charset=utf-8', page(site.api, url.searchParams)];
  const dist = dirname(require.resolve(VERSIONS[version]));
  const script = { 'elements.js': 'elements.js', 'en.js': 'i18n/en.js', 'de.js': 'i18n/de.js' }[file];
  return script ? ['text/javascript', await readFile(`${dist}/${script}`)] : [undefined, 'not found'];
}

/** The texts that a version of the components shows. */
export async function texts(version, language) {
  const dist = dirname(require.resolve(VERSIONS[version]));
  return (await import(`${dist}/i18n/${language}.js`))[language];
}

const page = (api, query) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Application</title>
<body>
<script type="module">
  import { register } from './elements.js';
  import { en } from './en.js';
  import { de } from './de.js';

  window.events = [];
  for (const name of ['hanko-session-created', 'hanko-session-expired', 'hanko-user-logged-out']) {
    document.addEventListener(name, (event) => window.events.push({ name, detail: event.detail }));
  }
  window.states = [];
  document.addEventListener('hanko-after-state-change', ({ detail }) => window.states.push(detail.state.name));
  const query = new URLSearchParams(${JSON.stringify(query.toString())});
  const { hanko } = await register(${JSON.stringify(api)}, { translations: { en, de } });
  window.hanko = hanko;
  const element = document.createElement(query.get('element') ?? 'hanko-auth');
  element.setAttribute('lang', query.get('lang') ?? 'en');
  document.body.append(element);
</script>
</body>
</html>
`;
