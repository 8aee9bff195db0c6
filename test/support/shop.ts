import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseSettings } from '../../activities/adapters/settings/repository-settings.ts';
import { commit, makeSampleRepository } from '../../client/local-stack/sample.ts';
import { program } from './programs.ts';

/** Keeps the sample's own tests from running as part of ours. */
export const env = { NODE_TEST_CONTEXT: undefined, NODE_OPTIONS: undefined, SAMPLE_PACE_MS: '0' };

export const git = async (cwd: string, ...args: string[]) => (await program('git', args, { cwd })).stdout;

/** The sample shop, and a checkout of it in which its scripted agent works. */
export class Shop {
  readonly repository: string;
  readonly work: string;
  /** The standard error of each job: its progress, and nothing else. */
  readonly progress: string[] = [];
  private server: Server | undefined;

  private constructor(readonly home: string) {
    this.repository = path.join(home, 'shop');
    this.work = path.join(home, 'work');
  }

  static async open(): Promise<Shop> {
    const shop = new Shop(await mkdtemp(path.join(tmpdir(), 'gatehouse-sample-')));
    await makeSampleRepository(shop.repository);
    await git(shop.home, 'clone', '--quiet', '--branch', 'main', shop.repository, shop.work);
    await git(shop.work, 'checkout', '--quiet', '-b', 'change');
    return shop;
  }

  async remove(): Promise<void> {
    this.server?.close();
    await rm(this.home, { recursive: true, force: true });
  }

  read = (file: string) => readFile(path.join(this.work, file), 'utf8');
  write = (file: string, text: string) => writeFile(path.join(this.work, file), text);
  head = () => git(this.work, 'rev-parse', 'HEAD');

  /** Runs the agent in the checkout as an executor would, and commits what it changed. */
  async play(role: string, own: Record<string, unknown> = {}): Promise<any> {
    const [job, result] = [path.join(this.home, 'job.json'), path.join(this.home, 'result.json')];
    const change = { repository: this.repository, base: 'main', branch: 'change', head: await this.head() };
    const reported = { role, task: { id: 'SHOP-1', title: 'Tax' }, change, brief: 'Tax.', priorOutputs: [], ...own };
    await writeFile(job, JSON.stringify(reported));
    const at = { ...env, GATEHOUSE_JOB: job, GATEHOUSE_RESULT: result };
    const { stderr } = await program('node', ['tools/agent.mjs'], { cwd: this.work, env: at });
    this.progress.push(stderr);
    if (await git(this.work, 'status', '--porcelain')) await commit(this.work, 'Agent', role);
    return JSON.parse(await readFile(result, 'utf8'));
  }

  /** Serves a page as an environment would. Returns its URL. */
  async serve(page: string): Promise<string> {
    const server = createServer((_, response) => response.end(page)).listen(0, '127.0.0.1');
    this.server = server;
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Each check of the sample's settings, and whether it passes here. */
  async checks(): Promise<Record<string, boolean>> {
    const read = parseSettings(await this.read('.gatehouse.yml'));
    if (!('settings' in read)) throw new Error(JSON.stringify(read));
    const verdicts = Object.entries(read.settings.checks).map(async ([name, command]) => {
      const { exitCode } = await program('/bin/sh', ['-c', command], { cwd: this.work, env, reject: false });
      return [name, exitCode === 0] as const;
    });
    return Object.fromEntries(await Promise.all(verdicts));
  }

  /** The totals that the page shows, in cents. */
  async shown(): Promise<Record<string, number>> {
    const script = `import('./lib/page.js').then(async ({ pageOf }) => console.log(pageOf((await import('./lib/basket.js')).basket)))`;
    const { stdout } = await program('node', ['--input-type=module', '-e', script], { cwd: this.work, env });
    return totalsIn(stdout);
  }
}

export const totalsIn = (page: string): Record<string, number> => {
  const rows = [...page.matchAll(/<td>([^<]+)<\/td><td><\/td><td>EUR ([0-9.]+)<\/td>/g)];
  return Object.fromEntries(rows.map(([, label, amount]) => [label!, Math.round(Number(amount) * 100)]));
};

export const PROGRESS = /^(GATEHOUSE_PROGRESS \{"done":\d,"total":\d,"label":".+"\}\n?)*$/;
