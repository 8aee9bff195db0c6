import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { addressesOf } from '../../../activities/adapters/github/addresses.ts';
import { githubApi } from '../../../activities/adapters/github/api.ts';
import type { HostedRepository } from '../../../activities/adapters/hosted/api.ts';
import { Secret } from '../../../activities/adapters/hosted/secrets.ts';
import { GithubStub } from './stub.ts';
import type { StubApp } from './access.ts';
import type { StubRepository } from './repository.ts';

export type Api = ReturnType<typeof githubApi>;

/** The stub with one repository, `acme/shop`, and the adapter with a token of `gate`, who may write to it. */
export interface GithubRig {
  stub: GithubStub;
  shop: StubRepository;
  api: Api;
  repository: HostedRepository;
  token: string;
  open(by: { token: string } | { tokenFile: string } | { app: Pick<StubApp, 'id' | 'key'> }): Api;
  /** A file in the rig's folder. */
  file(name: string, text: string): Promise<string>;
  dispose(): Promise<void>;
}

export async function githubRig(): Promise<GithubRig> {
  const folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-github-'));
  const stub = await GithubStub.start(path.join(folder, 'git'));
  const shop = await stub.repository('acme/shop');
  for (const [login, role] of [
    ['gate', 'write'],
    ['ana', 'admin'],
    ['bo', 'read'],
  ] as const) {
    stub.account(login);
    shop.collaborators.set(login, role);
  }
  const token = stub.token('gate');
  const opened: Api[] = [];
  const open: GithubRig['open'] = (by) => {
    const addresses = addressesOf(stub.api)!;
    const api = githubApi({ addresses, by: byOf(by) });
    opened.push(api);
    return api;
  };
  const api = open({ token });
  const repository = (await api.repository({ owner: 'acme', name: 'shop' }))!;
  return {
    stub,
    shop,
    api,
    repository,
    token,
    open,
    async file(name, text) {
      const place = path.join(folder, name);
      await writeFile(place, text);
      return place;
    },
    async dispose() {
      for (const each of opened) await each.close();
      await stub.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function byOf(by: Parameters<GithubRig['open']>[0]) {
  if ('app' in by) return { appId: String(by.app.id), key: new Secret({ name: 'KEY', value: by.app.key }) };
  const given = 'token' in by ? { value: by.token } : { file: by.tokenFile };
  return { token: new Secret({ name: 'GATEHOUSE_GITHUB_TOKEN', ...given }) };
}
