import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';

export interface CloudProcess {
  readonly child: ChildProcess;
  readonly endpoint: string;
  readonly configFile: string;
  readonly tenancyId: string;
}

/** An embedded OCI in a process of its own. */
export async function startCloudProcess(dataDir: string): Promise<CloudProcess> {
  const outfile = resolve('dist/scripts/cloud-process.mjs');
  await build({
    entryPoints: ['bench/support/cloud-process.ts'],
    outfile,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
  });
  const child = spawn(process.execPath, [outfile, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface(child.stdout), 'line');
  return { child, ...JSON.parse(line) };
}

const NGINX_START_MS = 5_000;

/**
 * nginx on a free port of 127.0.0.1, serving the files of a folder with sendfile, as it does out of the box.
 *
 * @param accessLog a file for a line a request: its status and how many bytes it was answered with
 * @throws where there is no nginx, saying how to install it
 */
export async function startNginx(
  root: string,
  scratch: string,
  accessLog?: string,
): Promise<{ child: ChildProcess; url: string }> {
  const port = await freePort();
  mkdirSync(join(scratch, 'tmp'), { recursive: true });
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${scratch}/tmp;`,
  );
  writeFileSync(
    join(scratch, 'nginx.conf'),
    `daemon off; ${process.getuid?.() === 0 ? 'user root;' : ''} worker_processes 1; pid ${scratch}/nginx.pid; error_log stderr;
    events {}
    http { ${accessLog ? `log_format cost '$status $body_bytes_sent'; access_log ${accessLog} cost` : 'access_log off'}; sendfile on; ${paths.join(' ')} server { listen 127.0.0.1:${port}; root ${root}; } }`,
  );
  const child = spawn('nginx', ['-p', scratch, '-c', join(scratch, 'nginx.conf'), '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  });
  const missing = once(child, 'error').then(() => {
    throw new Error('nginx is missing: apt-get install nginx-light');
  });
  const url = `http://127.0.0.1:${port}`;
  await Promise.race([missing, answers(url)]);
  return { child, url };
}

async function answers(url: string): Promise<void> {
  const limit = Date.now() + NGINX_START_MS;
  while (!(await fetch(url).catch(() => undefined))) {
    if (Date.now() > limit) throw new Error(`nginx did not listen within ${NGINX_START_MS} ms.`);
    await sleep(20);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('No free port.');
  return address.port;
}

/** What a process holds in memory now, in bytes; Linux only. */
export function residentBytes(child: ChildProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024;
}
