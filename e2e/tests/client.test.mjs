// A client without components: fetch and a cookie jar.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Client } from '../support/flow.mjs';
import { freshAddress, mails, passcode, wrong } from '../support/mailbox.mjs';
import { startServer } from '../support/server.mjs';

const PASSWORD = 'violet anchor 47 tides';
const ORIGIN = 'https://app.example.com';

let server;

before(async () => {
  server = await startServer({ cors: { allow_origins: [ORIGIN] } });
});

after(() => server?.stop());

async function register(client, address) {
  let flow = await client.start('registration');
  flow = await flow.act('register_login_identifier', { email: address });
  flow = await flow.act('verify_passcode', { code: await passcode(server, address) });
  flow = await flow.act('register_password', { new_password: PASSWORD });
  return flow.skipToSuccess();
}

test('registers, signs out, and signs in by password', async () => {
  const client = new Client(server.base);
  const address = freshAddress();

  const registered = await register(client, address);
  assert.equal((await client.session()).claims.subject, registered.document.payload.user.user_id);

  assert.equal((await client.request('POST', '/logout')).ok, true);
  assert.equal((await client.session()).is_valid, false);

  let flow = await client.start('login');
  flow = await flow.act('continue_with_login_identifier', { email: address });
  flow = await flow.expect('login_method_chooser').act('continue_to_password_login');
  flow = await flow.act('password_login', { password: 'not the password 11' });
  flow.expect('login_password', 'form_data_invalid_error');
  flow = await flow.act('password_login', { password: PASSWORD });
  await flow.skipToSuccess();
  assert.equal((await client.session()).is_valid, true);
});

test('a wrong passcode is told, the right one still works, and only once', async () => {
  const client = new Client(server.base);
  const address = freshAddress();

  let flow = await client.start('registration');
  flow = await flow.act('register_login_identifier', { email: address });
  const code = await passcode(server, address);
  flow = await flow.act('verify_passcode', { code: wrong(code) });
  flow.expect('passcode_confirmation', 'form_data_invalid_error');
  assert.equal(flow.document.actions.verify_passcode.inputs.code.error.code, 'passcode_invalid');
  const before = flow;
  flow = await flow.act('verify_passcode', { code });
  flow.expect('password_creation');

  const late = await before.act('verify_passcode', { code: wrong(code) });
  assert.equal(late.document.status, 403);
});

test('an unknown address is not told apart at sign-in and gets no mail', async () => {
  const client = new Client(server.base);
  const [known, unknown] = [freshAddress(), freshAddress()];
  await register(new Client(server.base), known);

  const states = [];
  for (const address of [known, unknown]) {
    const flow = await client.start('login');
    const next = await flow.act('continue_with_login_identifier', { email: address });
    states.push([next.name, Object.keys(next.document.actions).sort()]);
  }

  assert.deepEqual(states[0], states[1]);
  assert.deepEqual(await mails(server, unknown), []);
});

test('only the configured origin may read answers with credentials', async () => {
  const allowed = await new Client(server.base, { origin: ORIGIN }).request('POST', '/login');
  assert.equal(allowed.headers.get('access-control-allow-origin'), ORIGIN);
  assert.equal(allowed.headers.get('access-control-allow-credentials'), 'true');

  const foreign = await new Client(server.base, { origin: `${ORIGIN}.attacker.example` }).request('POST', '/login');
  assert.equal(foreign.headers.get('access-control-allow-origin'), null);
});

test('what is no request of the protocol is still answered with a flow document', async () => {
  for (const path of ['/login?action=nothing', '/login?action=back@nonsense', '/registration?action=@']) {
    const answer = await fetch(server.base + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"input_data":',
    });
    const document = await answer.json();
    assert.equal(answer.status, 400, path);
    assert.equal(typeof document.actions, 'object', path);
    assert.equal(document.error.code, 'form_data_invalid_error', path);
  }
});
