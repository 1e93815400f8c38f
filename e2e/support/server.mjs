// Starts the Inkan server in a directory of its own, on free ports, and stops it.

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const START_TIMEOUT = 30_000;
const STOP_TIMEOUT = 35_000;

/** The program under test: as `cargo xtask e2e` built it, or the usual place. */
const BINARY =
  process.env.INKAN_BINARY ?? resolve(fileURLToPath(import.meta.url), '../../../target/debug/inkan');

/** A port that was free a moment ago. */
export async function freePort() {
  const probe = createServer();
  await new Promise((done, failed) => probe.once('error', failed).listen(0, '127.0.0.1', done));
  const { port } = probe.address();
  await new Promise((done) => probe.close(done));
  return port;
}

/**
 * Starts a server. `config` is merged into the little that has to be configured: addresses, and a cookie for plain HTTP.
 * JSON is YAML too.
 */
export async function startServer(config = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'inkan-e2e-'));
  const [publicPort, adminPort] = [await freePort(), await freePort()];
  const base = `http://localhost:${publicPort}`;
  const file = join(directory, 'config.yaml');
  const settings = merge(
    {
      data_dir: join(directory, 'data'),
      server: {
        public: { address: `127.0.0.1:${publicPort}` },
        admin: { address: `127.0.0.1:${adminPort}` },
      },
      session: { cookie: { secure: false } },
      webauthn: { relying_party: { origins: [base] } },
    },
    config,
  );
  await writeFile(file, JSON.stringify(settings, null, 2));

  const log = [];
  const child = spawn(BINARY, ['serve', '--config', file], {
    cwd: directory,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((done) => {
    child.once('error', (error) => done(`${BINARY}: ${error.message}`));
    child.once('exit', (code, signal) => done(signal ?? `exit code ${code}`));
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => log.push(text));
  }
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);

  const server = {
    base,
    admin: `http://127.0.0.1:${adminPort}`,
    log: () => log.join(''),
    async stop() {
      child.kill('SIGTERM');
      const how = await within(STOP_TIMEOUT, ended);
      kill();
      process.removeListener('exit', kill);
      await rm(directory, { recursive: true, force: true });
      if (how !== 'exit code 0') throw new Error(`the server ended with ${how}:\n${server.log()}`);
    },
  };
  const problem = await Promise.race([ready(server, child), ended]);
  if (problem) {
    kill();
    process.removeListener('exit', kill);
    await rm(directory, { recursive: true, force: true });
    throw new Error(`the server did not start (${problem}):\n${server.log()}`);
  }
  return server;
}

async function ready(server, child) {
  const end = Date.now() + START_TIMEOUT;
  let last = 'no answer';
  while (Date.now() < end && child.exitCode === null) {
    try {
      const answer = await fetch(`${server.base}/health/ready`);
      if (answer.ok) return undefined;
      last = `/health/ready answers ${answer.status}`;
    } catch {
      // Not listening yet.
    }
    await pause(50);
  }
  return last;
}

export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

function within(milliseconds, promise) {
  let timer;
  const late = new Promise((done) => {
    timer = setTimeout(done, milliseconds, 'no end within the time for a shutdown');
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function merge(target, source) {
  for (const [key, value] of Object.entries(source)) {
    const both = isMapping(value) && isMapping(target[key]);
    target[key] = both ? merge(target[key], value) : value;
  }
  return target;
}

const isMapping = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
