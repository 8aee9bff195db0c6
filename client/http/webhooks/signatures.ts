import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** The forges that send webhooks, by the last part of their address at our door. */
export type Sender = 'github' | 'gitea';

/** The headers with the HMAC-SHA256 of the body. Gitea also sends GitHub's. */
const HEADERS: Record<Sender, readonly { name: string; prefix: string }[]> = {
  github: [{ name: 'x-hub-signature-256', prefix: 'sha256=' }],
  gitea: [
    { name: 'x-gitea-signature', prefix: '' },
    { name: 'x-forgejo-signature', prefix: '' },
    { name: 'x-hub-signature-256', prefix: 'sha256=' },
  ],
};

/** Whether the sender knows the secret. Every signature that is sent must be right, compared in constant time. */
export function isSigned(sender: Sender, headers: IncomingHttpHeaders, body: Buffer, secret: string): boolean {
  const right = createHmac('sha256', secret).update(body).digest();
  const sent = HEADERS[sender].flatMap(({ name, prefix }) => {
    const value = headers[name];
    return value === undefined ? [] : [{ value: String(value), prefix }];
  });
  return sent.length > 0 && sent.every(({ value, prefix }) => isRight(value, prefix, right));
}

function isRight(value: string, prefix: string, right: Buffer): boolean {
  if (!value.startsWith(prefix)) return false;
  const given = Buffer.from(value.slice(prefix.length), 'hex');
  return given.length === right.length && timingSafeEqual(given, right);
}
