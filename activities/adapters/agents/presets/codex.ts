import { readFile, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Conversation, ConversationOpening, Mode, Spent, Turn } from '../conversation.ts';
import type { Inspected, Preset } from '../preset.ts';
import { prompted, type Reading } from './events.ts';
import { Fields } from './fields.ts';
import { inspected } from './inspecting.ts';
import { strictSchema, withoutNulls } from './strict-schema.ts';
import { temporaryFolder } from './temporary.ts';

/**
 * OpenAI's Codex by `codex exec --json`, which needs no terminal, has options for a schema and a sandbox, and reports errors
 * in words. Flags and events: developers.openai.com/codex/noninteractive and `codex exec --help`, as of 0.171.0.
 */
export const preset: Preset = {
  name: 'codex',
  program: 'codex',
  install: 'npm install --global @openai/codex',
  login: 'codex login',
  signIn: ['.codex/auth.json'],
  open,
  inspect,
};

async function open(opening: ConversationOpening): Promise<Conversation> {
  const cwd = await realpath(opening.cwd);
  const temporary = await temporaryFolder(opening.scratch);
  const spent: Spent = {};
  let session: string | undefined;

  return {
    async ask(prompt, wanted): Promise<Turn> {
      const schema = wanted && strictSchema(wanted.schema);
      const file = path.join(opening.scratch, 'schema.json');
      if (schema) await writeFile(file, JSON.stringify(schema));
      const turn = await prompted({ ...opening, cwd }, spent, {
        ...preset,
        command: [
          ...opening.program,
          ...['exec', '--json', '--skip-git-repo-check', ...configurationFor(opening, cwd)],
          ...(opening.model === undefined ? [] : ['--model', opening.model]),
          ...(schema ? ['--output-schema', file] : []),
          ...opening.arguments,
          ...(session === undefined ? [] : ['resume', session]),
          '-',
        ],
        input: prompt,
        env: { ...opening.env, TMPDIR: temporary.folder },
        read(line, stream, reading) {
          if (stream === 'stdout') session = readCodex(line, reading) ?? session;
        },
      });
      return schema && turn.is === 'answered' ? { ...turn, text: withoutNulls(turn.text) } : turn;
    },
    close: temporary.remove,
  };
}

/**
 * Its own sandbox: the checkout can be written, its `.git` too, and a folder for temporary files. Codex makes `.git`
 * read-only unless it is named. Nobody is asked, so what the sandbox refuses stays refused. Inside a sandbox of ours that
 * lets it make none (a worker that runs as root), it has none.
 */
function configurationFor(
  { mode, sandboxed = false }: { mode: Mode; sandboxed?: boolean | undefined },
  cwd: string,
): string[] {
  if (sandboxed) return ['-c', 'approval_policy="never"', '-c', 'sandbox_mode="danger-full-access"'];
  const values = {
    approval_policy: 'never',
    sandbox_mode: mode === 'read' ? 'read-only' : 'workspace-write',
    ...(mode !== 'read' && {
      'sandbox_workspace_write.writable_roots': [path.join(cwd, '.git')],
      'sandbox_workspace_write.exclude_slash_tmp': true,
      'sandbox_workspace_write.network_access': true,
    }),
  };
  return Object.entries(values).flatMap(([key, value]) => ['-c', `${key}=${JSON.stringify(value)}`]);
}

/** Reads one event. Returns the session's id from the event that names it. */
export function readCodex(line: string, reading: Reading): string | undefined {
  const event = Fields.of(line);
  const type = event?.text('type');
  if (!event) return undefined;
  if (type === 'thread.started') return event.text('thread_id');
  if (type?.startsWith('item.')) readItem(event.at('item'), type === 'item.started', reading);
  if (type === 'turn.completed') {
    reading.finished = true;
    readUsage(event.at('usage'), reading.spent);
  }
  // "Reconnecting... 1/5 (why)", or "Reconnecting... waiting for network" for as long as there is none.
  const words =
    type === 'error' ? event.first('message') : type === 'turn.failed' ? event.at('error').first('message') : '';
  if (words !== '') reading.complain({ words }, { trying: /^Reconnecting(?!.*waiting for network)/.test(words) });
  return undefined;
}

/** Items of type `error` are warnings, such as the one about a model that Codex does not know. */
function readItem(item: Fields, begins: boolean, reading: Reading): void {
  const isBad = ['failed', 'declined'].includes(item.first('status'));
  const state = begins ? 'begun' : isBad ? 'failed' : 'ended';
  switch (item.text('type')) {
    case 'agent_message':
      return reading.message(item.first('text'));
    case 'command_execution':
      reading.tool(commandIn(item.first('command')), state);
      return checkSandbox(item, reading);
    case 'file_change':
      return reading.tool(
        `edit ${item
          .list('changes')
          .map((each) => each.first('path'))
          .join(', ')}`,
        state,
      );
    case 'mcp_tool_call':
      return reading.tool(`${item.first('server')}.${item.first('tool')}`, state);
    case 'web_search':
      return reading.tool(`search ${item.first('query')}`, state);
    case 'todo_list':
      return reading.plan(
        item.list('items').map((each) => ({ text: each.first('text'), done: each.raw('completed') === true })),
      );
    case 'reasoning':
      return reading.thinking();
    default:
      return undefined;
  }
}

/** Without its sandbox every command fails, yet the model may say that all is done. */
function checkSandbox(item: Fields, reading: Reading): void {
  const said = /^bwrap: .*$|^.*codex-linux-sandbox.*$/m.exec(item.first('aggregated_output'))?.[0];
  if (said === undefined || (item.number('exit_code') ?? 0) === 0) return;
  const needs = `user namespaces, and a CODEX_HOME outside of ${tmpdir()}`;
  reading.fail(`codex cannot make its sandbox here: ${said.slice(0, 200)}. It needs ${needs}`);
}

const commandIn = (command: string): string => /^\S*sh -l?c '(.*)'$/s.exec(command)?.[1] ?? command;

/** `codex exec resume` reports what the whole session has used, so the last report counts. */
function readUsage(usage: Fields, spent: Spent): void {
  spent.inputTokens = usage.number('input_tokens');
  spent.cachedInputTokens = usage.number('cached_input_tokens');
  spent.outputTokens = usage.number('output_tokens');
}

/** `codex login status` exits with 0 if it is signed in. A provider of one's own needs no login. */
async function inspect(env: NodeJS.ProcessEnv): Promise<Inspected> {
  const version = await inspected('codex', ['--version'], env);
  if (!version) return {};
  const number = /\d+\.\d+\.\d+\S*/.exec(version.stdout)?.[0];
  const home = env['CODEX_HOME'] ?? path.join(env['HOME'] ?? '', '.codex');
  const inTmp = (await realpath(home).catch(() => home)).startsWith(`${await realpath(tmpdir())}${path.sep}`);
  const trap = inTmp ? `its home ${home} is below ${tmpdir()}, where its sandbox may not work` : undefined;
  const said = (signedIn: boolean | undefined, detail: string) => ({
    version: number,
    signedIn,
    detail: trap === undefined ? detail : `${detail}; ${trap}`,
  });
  if (env['CODEX_API_KEY']) return said(true, 'CODEX_API_KEY is set');
  const login = await inspected('codex', ['login', 'status'], env);
  if (login?.code === 0) return said(true, `${login.stdout}${login.stderr}`.trim().split('\n').at(-1) ?? '');
  const configuration = await readFile(path.join(home, 'config.toml'), 'utf8').catch(() => '');
  return /^\s*model_provider\s*=/m.test(configuration)
    ? said(undefined, 'a provider of its own configuration')
    : said(false, `not signed in: ${preset.login}`);
}
