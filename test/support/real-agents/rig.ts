import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
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
import { agentHome } from './home.ts';
import { IN_CI, type RealAgent } from './versions.ts';
import { program } from '../programs.ts';

type Name = RealAgent['name'];

/** `describe` for the agent that `npm test` runs. Without a registry to fetch it from, its tests are skipped, and say so. */
export async function ifFetched(): Promise<{ describeIt: typeof describe; note: string }> {
  if (await fetched(IN_CI)) return { describeIt: describe, note: '' };
  return { describeIt: describe.skip as typeof describe, note: `: ${IN_CI} could not be fetched` };
}

/** Opens a world for each test. Afterwards it is removed, and no process may be left in it. */
export function worldsOf(name: Name): (script: Script) => Promise<AgentWorld> {
  let world: AgentWorld;
  afterEach(async () => {
    const left = await world.left();
    await world.dispose();
    expect(left).toEqual([]);
  });
  return async (script) => (world = await agentWorld(name, script));
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
  const model = await startModel(script);
  const home = await agentHome(name, model.url);
  const repository = await mkdtemp(path.join(tmpdir(), 'gatehouse-shop-'));
  const git = async (...args: string[]) => (await program('git', args, { cwd: repository })).stdout;
  await git('init', '--quiet', '--initial-branch', 'main');
  await git('config', 'user.name', 'Ana');
  await git('config', 'user.email', 'ana@shop.example');
  await writeFile(path.join(repository, 'shop.txt'), 'open\n');
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'A shop');

  const preset = await presetNamed(name);
  const scratch = path.join(home.folder, 'scratch');
  await mkdir(scratch);
  const seen: Seen[] = [];
  const cancel = new AbortController();
  const { env } = home;
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
        model: home.model,
        arguments: [],
        mode,
        scratch,
        seen: (event) => void seen.push(event),
        signal: cancel.signal,
        ...more,
      }),
    read: (file) => readFile(path.join(repository, file), 'utf8'),
    git,
    left: home.left,
    async dispose() {
      await model.close();
      await Promise.all([home.remove(), removeFolder(repository)]);
    },
  };
}
