import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { jest } from '@jest/globals';
import { NOTHING } from '../../../../activities/adapters/git/commits.ts';
import { redirected } from '../../../../activities/adapters/hosted/git/redirects.ts';
import { LOGIN, RemoteShop } from '../../../support/remote.ts';

jest.setTimeout(90_000);

let shop: RemoteShop;
beforeEach(async () => {
  shop = await RemoteShop.create();
});
afterEach(() => shop.close());

it('a repository of the format sha256 is copied and pushed to', async () => {
  const bare = shop.http.placeOf('acme', 'long');
  const head = await shop.sh(
    `git init --quiet --bare --object-format=sha256 --initial-branch=main '${bare}'
    git -C '${bare}' config http.receivepack true
    git init --quiet --object-format=sha256 --initial-branch=main long; cd long
    echo a > a.txt; git add --all; git commit --quiet -m a; git push --quiet '${bare}' main; git rev-parse HEAD`,
    shop.home,
  );
  const name = `${shop.address}/acme/long`;
  const source = async () => ({ name, cloneUrl: `${name}.git`, defaultBranch: 'main' });
  const workspace = shop.open({ source });
  expect(await workspace.headOf(name, 'main')).toBe(head);
  expect(await workspace.headOf(name, 'main')).toBe(head);
  expect(await workspace.move(name, 'work', head, NOTHING)).toBe(true);
  expect(await shop.sh('git rev-parse work', bare)).toBe(head);
});

describe('over TLS', () => {
  let server: Server;
  let url: string;
  const before = process.env['GIT_SSL_CAINFO'];

  beforeEach(async () => {
    const at = (file: string) => path.join(shop.home, file);
    const subject = `-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1`;
    await shop.sh(
      `openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout key.pem -out cert.pem ${subject} 2> openssl.log`,
      shop.home,
    );
    const options = { key: await readFile(at('key.pem')), cert: await readFile(at('cert.pem')) };
    server = createServer(options, (request, response) => void shop.http.handle(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/acme/shop`;
    process.env['GIT_SSL_CAINFO'] = at('cert.pem');
  });
  afterEach(async () => {
    if (before === undefined) delete process.env['GIT_SSL_CAINFO'];
    else process.env['GIT_SSL_CAINFO'] = before;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const open = () => shop.open({ source: async () => ({ name: url, cloneUrl: `${url}.git`, defaultBranch: 'main' }) });

  it('a repository is copied and pushed to, with the certificates that the environment names', async () => {
    const workspace = open();
    const head = await shop.at('main');
    expect(await workspace.headOf(url, 'main')).toBe(head);
    expect(await workspace.move(url, 'work', head, NOTHING)).toBe(true);
    expect(await shop.at('work')).toBe(head);
  });

  it('a server with a certificate that nobody trusts gets no credentials', async () => {
    await writeFile(process.env['GIT_SSL_CAINFO']!, '');
    await expect(open().fetch(url)).rejects.toMatchObject({ name: 'ForgeUnavailable' });
    expect(shop.http.requests).toEqual([]);
  });
});

it.each([
  ['https://git.example/acme/renamed.git', { url: 'https://git.example/acme/renamed.git', login: LOGIN }],
  ['https://git.example:8443/acme/shop.git', { url: 'https://git.example:8443/acme/shop.git' }],
  ['http://git.example/acme/shop.git', undefined],
  ['https://ana:secret@git.example/acme/shop.git', undefined],
])('a redirect over TLS to %s leads to %j', async (to, wire) => {
  const question = '/info/refs?service=git-upload-pack';
  const headers = { location: `${to}${question}` };
  const asked = jest.spyOn(globalThis, 'fetch').mockResolvedValue(new Response(null, { status: 301, headers }));
  try {
    expect(await redirected({ url: 'https://git.example/acme/shop.git', login: LOGIN })).toEqual(wire);
    expect(asked).toHaveBeenCalledTimes(1);
  } finally {
    asked.mockRestore();
  }
});
