import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readConfig } from '../../../client/config.ts';
import { removeFolder } from '../folders.ts';
import { fetched } from './fetching.ts';
import type { RealAgent } from './versions.ts';
import { program } from '../programs.ts';

type Name = RealAgent['name'];

/** A home of its own for a real agent, whose settings point it to the stand-in for its model. */
export interface AgentHome {
  folder: string;
  /** The agent's environment. It has nothing of the person who runs the tests but `PATH`. */
  env: Record<string, string>;
  /** The model, by the agent's name for it. */
  model: string;
  /** The processes that still have this home in their environment. */
  left(): Promise<string[]>;
  remove(): Promise<void>;
}

/** `url`: where the stand-in listens. */
export async function agentHome(name: Name, url: string): Promise<AgentHome> {
  const bin = await fetched(name);
  if (bin === undefined) throw new Error(`${name} was not fetched: npm run test:agents`);
  const home = await mkdtemp(path.join(await homes(), `${name}-`));
  const searchPath = [bin, process.env['PATH']].join(path.delimiter);
  return {
    folder: home,
    env: { PATH: searchPath, HOME: home, LANG: 'C.UTF-8', ...(await pointed(name, home, url)) },
    model: MODELS[name],
    left: () => processesOf(home),
    remove: () => removeFolder(home),
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
      const settings = `model = "fake"\nmodel_provider = "fake"\n[model_providers.fake]\n${provider}`;
      await writeFile(path.join(home, '.codex', 'config.toml'), settings);
      return { FAKE_KEY: 'fake', CODEX_HOME: path.join(home, '.codex') };
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
  const variable = `^(HOME=${home}|CODEX_HOME=${home}/.codex)$`;
  const { stdout } = await program('sh', ['-c', `grep -lzE '${variable}' /proc/[0-9]*/environ 2>/dev/null || true`]);
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
