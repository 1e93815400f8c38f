// A client of the flow API as an application without the web components would write it: fetch and a cookie jar.

import assert from 'node:assert/strict';

export class Client {
  #cookies = new Map();

  constructor(base, { origin, language } = {}) {
    this.base = base;
    this.origin = origin;
    this.language = language;
  }

  cookie(name) {
    return this.#cookies.get(name);
  }

  async request(method, path, body) {
    const headers = { accept: 'application/json' };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (this.origin) headers.origin = this.origin;
    if (this.language) headers['x-language'] = this.language;
    if (this.#cookies.size > 0) {
      headers.cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    }
    const answer = await fetch(this.base + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      redirect: 'manual',
    });
    for (const line of answer.headers.getSetCookie()) this.#store(line);
    return answer;
  }

  #store(line) {
    const [pair, ...attributes] = line.split(';').map((part) => part.trim());
    const split = pair.indexOf('=');
    const [name, value] = [pair.slice(0, split), pair.slice(split + 1)];
    const gone = attributes.some((attribute) => /^max-age=(0|-\d+)$/i.test(attribute));
    const expires = attributes.find((attribute) => /^expires=/i.test(attribute))?.slice('expires='.length);
    if (value === '' || gone || (expires && new Date(expires) < new Date())) this.#cookies.delete(name);
    else this.#cookies.set(name, value);
  }

  /** Starts a flow and answers `preflight` as a browser without WebAuthn does. */
  async start(name) {
    const flow = await new Flow(this, await this.#document('POST', `/${name}`)).expect('preflight');
    return flow.act('register_client_capabilities', {
      webauthn_available: false,
      webauthn_conditional_mediation_available: false,
      webauthn_platform_authenticator_available: false,
    });
  }

  async #document(method, path, body) {
    const answer = await this.request(method, path, body);
    const document = await answer.json();
    assert.equal(document.status, answer.status, 'the status in the document is that of the answer');
    assert.equal(typeof document.actions, 'object');
    return document;
  }

  async run(href, body) {
    return new Flow(this, await this.#document('POST', href, body));
  }

  async session() {
    const answer = await this.request('GET', '/sessions/validate');
    assert.equal(answer.status, 200);
    return answer.json();
  }
}

/** One state of a flow. Acting returns the next one. */
class Flow {
  constructor(client, document) {
    this.client = client;
    this.document = document;
  }

  get name() {
    return this.document.name;
  }

  /** Asserts the state, and the error code if one is expected. */
  expect(name, error) {
    const { name: state, error: problem } = this.document;
    assert.deepEqual([state, problem?.code], [name, error], JSON.stringify(this.document));
    return this;
  }

  act(action, input = {}) {
    const offered = this.document.actions[action];
    assert.ok(offered, `${action} is offered in ${this.name}: ${Object.keys(this.document.actions)}`);
    return this.client.run(offered.href, { input_data: input, csrf_token: this.document.csrf_token });
  }

  /** Skips what may be skipped on the way to the end. */
  async skipToSuccess() {
    let flow = this;
    while (flow.name !== 'success' && flow.document.actions.skip) flow = await flow.act('skip');
    return flow.expect('success');
  }
}
