import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { readConfig } from '../../../client/config.ts';
import { presetNamed } from '../../../activities/adapters/agents/presets/index.ts';
import type {
  Conversation,
  ConversationOpening,
  Mode,
  Seen,
} from '../../../activities/adapters/agents/conversation.ts';
import { removeFolder } from '../folders.ts';
import { startModel, type Model } from '../model/index.ts';
import type { Script } from '../model/script.ts';
import { fetched } from './fetching.ts';
import { IN_CI, type RealAgent } from './versions.ts';

type Name = RealAgent['name'];

/** Whether the tests of this agent run: always those of one, and the others' in `npm run test:agents`. Else they are skipped. */
export async function chosen(name: Name): Promise<{ describeIt: typeof describe; note: string; all: boolean }> {
  const all = process.env['REAL_AGENTS'] === 'all';
  const runs = (all || name === IN_CI) && (await fetched(name)) !== undefined;
  return runs
    ? { describeIt: describe, note: '', all }
    : { describeIt: describe.skip as typeof describe, note: ': only in npm run test:agents', all };
}

/** A real agent with a home of its own, which asks the stand-in, and a repository with one commit. */
export interface AgentWorld {
  model: Model;
  repository: string;
  /** The agent's environment. It has nothing of the person who runs the tests but `PATH`. */
  env: NodeJS.ProcessEnv;
  seen: Seen[];
  cancel: AbortController;
  open(mode: Mode, more?: Partial<ConversationOpening>): Promise<Conversation>;
  read(file: string): Promise<string>;
  git(...args: string[]): Promise<string>;
  /** The processes that still have this world in their environment. */
  left(): Promise<string[]>;
  dispose(): Promise<void>;
}

export async function agentWorld(name: Name, script: Script): Promise<AgentWorld> {
  const bin = await fetched(name);
  if (bin === undefined) throw new Error(`${name} was not fetched: npm run test:agents`);
  const home = await mkdtemp(path.join(await homes(), `${name}-`));
  const repository = await mkdtemp(path.join(tmpdir(), 'gatehouse-shop-'));
  const git = async (...args: string[]) => (await execa('git', args, { cwd: repository })).stdout;
  await git('init', '--quiet', '--initial-branch', 'main');
  await git('config', 'user.name', 'Ana');
  await git('config', 'user.email', 'ana@shop.example');
  await writeFile(path.join(repository, 'shop.txt'), 'open\n');
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'A shop');

  const model = await startModel(script);
  const path_ = [bin, process.env['PATH']].join(path.delimiter);
  const env = { PATH: path_, HOME: home, LANG: 'C.UTF-8', ...(await pointed(name, home, model.url)) };
  const preset = await presetNamed(name);
  const scratch = path.join(home, 'scratch');
  await mkdir(scratch);
  const seen: Seen[] = [];
  const cancel = new AbortController();
  return {
    model,
    repository,
    env,
    seen,
    cancel,
    open: (mode, more = {}) =>
      preset.open({
        program: [preset.program],
        cwd: repository,
        env,
        model: MODELS[name],
        arguments: [],
        mode,
        scratch,
        seen: (event) => void seen.push(event),
        signal: cancel.signal,
        ...more,
      }),
    read: (file) => readFile(path.join(repository, file), 'utf8'),
    git,
    left: () => processesOf(home),
    async dispose() {
      await model.close();
      await Promise.all([home, repository].map(removeFolder));
    },
  };
}

/** Codex does not make its sandbox for a home below the folder for temporary files. */
async function homes(): Promise<string> {
  const folder = path.join(readConfig().cache, 'agents', 'homes');
  await mkdir(folder, { recursive: true });
  return folder;
}

const MODELS: Record<Name, string> = { codex: 'fake', opencode: 'fake/fake', gemini: 'gemini-2.5-flash' };

/** Writes the settings that point the agent to the stand-in, and returns the variables that do. */
async function pointed(name: Name, home: string, url: string): Promise<Record<string, string>> {
  switch (name) {
    case 'codex': {
      await mkdir(path.join(home, '.codex'));
      const provider = `name = "fake"\nbase_url = "${url}/v1"\nwire_api = "responses"\nenv_key = "FAKE_KEY"\n`;
      const settings = `model_provider = "fake"\n[model_providers.fake]\n${provider}`;
      await writeFile(path.join(home, '.codex', 'config.toml'), settings);
      return { FAKE_KEY: 'fake' };
    }
    case 'opencode': {
      const model = { name: 'fake', tool_call: true, cost: COST, limit: { context: 100_000, output: 1_000 } };
      const provider = { npm: '@ai-sdk/openai-compatible', options: { baseURL: `${url}/v1` }, models: { fake: model } };
      const settings = { autoupdate: false, share: 'disabled', provider: { fake: provider } };
      await mkdir(path.join(home, '.config', 'opencode'), { recursive: true });
      await writeFile(path.join(home, '.config', 'opencode', 'opencode.json'), JSON.stringify(settings));
      return { OPENCODE_DISABLE_MODELS_FETCH: '1' };
    }
    case 'gemini':
      await mkdir(path.join(home, '.gemini'));
      await writeFile(
        path.join(home, '.gemini', 'settings.json'),
        JSON.stringify({
          security: { auth: { selectedType: 'gemini-api-key' } },
          privacy: { usageStatisticsEnabled: false },
        }),
      );
      return { GEMINI_API_KEY: 'fake', GOOGLE_GEMINI_BASE_URL: url };
  }
}

/** US dollars per million tokens. */
const COST = { input: 1, output: 10, cache_read: 0.1 };

/** Processes of this agent, found by its home in their environment. */
async function processesOf(home: string): Promise<string[]> {
  const { stdout } = await execa('sh', ['-c', `grep -lz '^HOME=${home}$' /proc/[0-9]*/environ 2>/dev/null || true`]);
  const pids = stdout.split('\n').flatMap((file) => /\/proc\/(\d+)\//.exec(file)?.[1] ?? []);
  const commands = await Promise.all(
    pids.map((pid) =>
      readFile(`/proc/${pid}/cmdline`, 'utf8')
        .then((text) => text.replaceAll('\0', ' '))
        .catch(() => ''),
    ),
  );
  return commands.filter((command) => command !== '' && !command.startsWith('grep'));
}
