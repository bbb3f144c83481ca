import { createHash, createSign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Cloud } from '../../local/cloud.ts';

/** A call signed as the cloud's administrator, for services whose SDK is not at hand and bodies it is slow with. */
export async function signedFetch(
  cloud: Cloud,
  method: string,
  path: string,
  body = '',
): Promise<{ status: number; etag: string | null; json: unknown }> {
  const url = new URL(path, cloud.homeRegion.endpoint);
  const config = Object.fromEntries(
    Array.from(readFileSync(cloud.configFile, 'utf8').matchAll(/^(\w+)=(.*)$/gm), ([, key, value]) => [
      key,
      value,
    ]),
  );
  const signed: Record<string, string> = {
    '(request-target)': `${method.toLowerCase()} ${url.pathname}${url.search}`,
    host: url.host,
    'x-date': new Date().toUTCString(),
  };
  if (method === 'POST' || method === 'PUT') {
    signed['content-type'] = 'application/json';
    signed['content-length'] = String(Buffer.byteLength(body));
    signed['x-content-sha256'] = createHash('sha256').update(body).digest('base64');
  }
  const text = Object.entries(signed).map(([name, value]) => `${name}: ${value}`);
  const signature = createSign('RSA-SHA256')
    .update(text.join('\n'))
    .sign(readFileSync(config.key_file ?? ''), 'base64');
  const keyId = `${config.tenancy}/${config.user}/${config.fingerprint}`;
  const names = Object.keys(signed).join(' ');
  const authorization = `Signature version="1",keyId="${keyId}",algorithm="rsa-sha256",headers="${names}",signature="${signature}"`;
  const { '(request-target)': _, host, ...headers } = signed;
  const response = await fetch(url, {
    method,
    headers: { ...headers, authorization },
    ...(body === '' ? {} : { body }),
  });
  const answer = await response.text();
  return {
    status: response.status,
    etag: response.headers.get('etag'),
    json: answer === '' ? undefined : JSON.parse(answer),
  };
}
