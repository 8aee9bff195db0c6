import { readFile, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Conversation, ConversationOpening, Mode, Spent, Turn } from '../conversation.ts';
import type { Inspected, Preset } from '../preset.ts';
import { jsonOf, prompted, type Reading } from './events.ts';
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
          ...['exec', '--json', '--skip-git-repo-check', ...configurationFor(opening.mode, cwd)],
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
 * read-only unless it is named. Nobody is asked, so what the sandbox refuses stays refused.
 */
function configurationFor(mode: Mode, cwd: string): string[] {
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
  const event = jsonOf(line);
  switch (event?.['type']) {
    case 'thread.started':
      return String(event['thread_id']);
    case 'item.started':
    case 'item.updated':
    case 'item.completed':
      readItem(event['item'] ?? {}, event['type'] === 'item.started', reading);
      return undefined;
    case 'turn.completed':
      reading.finished = true;
      readUsage(event['usage'] ?? {}, reading.spent);
      return undefined;
    case 'error': // also "Reconnecting... 1/5 (why)" and "Reconnecting... waiting for network"
      reading.complain(String(event['message']), { trying: /^Reconnecting/.test(String(event['message'])) });
      return undefined;
    case 'turn.failed':
      reading.complain(String(event['error']?.message ?? 'the turn failed'));
      return undefined;
    default:
      return undefined;
  }
}

/** Items of type `error` are warnings, such as the one about a model that Codex does not know. */
function readItem(item: Record<string, any>, begins: boolean, reading: Reading): void {
  const state = begins ? 'begun' : item['status'] === 'failed' || item['status'] === 'declined' ? 'failed' : 'ended';
  switch (item['type']) {
    case 'agent_message':
      return reading.message(String(item['text'] ?? ''));
    case 'command_execution':
      reading.tool(commandIn(String(item['command'])), state);
      return checkSandbox(item, reading);
    case 'file_change':
      return reading.tool(
        `edit ${(item['changes'] ?? []).map((each: { path: string }) => each.path).join(', ')}`,
        state,
      );
    case 'mcp_tool_call':
      return reading.tool(`${item['server']}.${item['tool']}`, state);
    case 'web_search':
      return reading.tool(`search ${item['query']}`, state);
    case 'todo_list':
      return reading.plan(
        (item['items'] ?? []).map((each: { text: string; completed: boolean }) => ({
          text: each.text,
          done: each.completed,
        })),
      );
    case 'reasoning':
      return reading.thinking();
    default:
      return undefined;
  }
}

/** Without its sandbox every command fails, yet the model may say that all is done. */
function checkSandbox(item: Record<string, any>, reading: Reading): void {
  const said = /^bwrap: .*$|^.*codex-linux-sandbox.*$/m.exec(String(item['aggregated_output'] ?? ''))?.[0];
  if (said === undefined || item['exit_code'] === 0 || item['exit_code'] === null) return;
  reading.fail(
    `codex cannot make its sandbox here: ${said.slice(0, 200)}. It needs user namespaces, and a CODEX_HOME outside of ${tmpdir()}`,
  );
}

const commandIn = (command: string): string => /^\S*sh -l?c '(.*)'$/s.exec(command)?.[1] ?? command;

/** `codex exec resume` reports what the whole session has used, so the last report counts. */
function readUsage(usage: Record<string, number>, spent: Spent): void {
  spent.inputTokens = usage['input_tokens'];
  spent.cachedInputTokens = usage['cached_input_tokens'];
  spent.outputTokens = usage['output_tokens'];
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
    : said(false, 'not signed in: codex login');
}
