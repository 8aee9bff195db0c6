import { createHmac } from 'node:crypto';
import { isSigned, type Sender } from '../../../../client/http/webhooks/signatures.ts';

const BODY = Buffer.from('{"zen":"ü"}');
const hmac = (secret: string, body = BODY) => createHmac('sha256', secret).update(body).digest('hex');

const cases: [string, Sender, Record<string, string>, boolean][] = [
  ['GitHub’s own', 'github', { 'x-hub-signature-256': `sha256=${hmac('s')}` }, true],
  ['GitHub’s, with another secret', 'github', { 'x-hub-signature-256': `sha256=${hmac('t')}` }, false],
  ['GitHub’s, of another body', 'github', { 'x-hub-signature-256': `sha256=${hmac('s', Buffer.from('{}'))}` }, false],
  ['GitHub’s, without the prefix', 'github', { 'x-hub-signature-256': hmac('s') }, false],
  ['none', 'github', {}, false],
  ['Gitea’s header at the address of GitHub', 'github', { 'x-gitea-signature': hmac('s') }, false],
  ['Gitea’s own', 'gitea', { 'x-gitea-signature': hmac('s') }, true],
  ['Forgejo’s', 'gitea', { 'x-forgejo-signature': hmac('s') }, true],
  ['GitHub’s, from Gitea', 'gitea', { 'x-hub-signature-256': `sha256=${hmac('s')}` }, true],
  ['both, one of them wrong', 'gitea', { 'x-gitea-signature': hmac('s'), 'x-hub-signature-256': 'sha256=00' }, false],
  ['a shorter one', 'gitea', { 'x-gitea-signature': hmac('s').slice(0, 62) }, false],
  ['no hexadecimal digits', 'gitea', { 'x-gitea-signature': 'z'.repeat(64) }, false],
];

it.each(cases)('%s', (_, sender, headers, right) => {
  expect(isSigned(sender, headers, BODY, 's')).toBe(right);
});
