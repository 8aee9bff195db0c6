import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Conversation, ConversationOpening, Mode, Spent } from '../conversation.ts';
import type { Inspected, Preset } from '../preset.ts';
import { prompted, type Reading } from './events.ts';
import { Fields } from './fields.ts';
import { inspected } from './inspecting.ts';
import { troubleOfOpenCode } from './logs.ts';
import { temporaryFolder } from './temporary.ts';

/**
 * OpenCode by `opencode run --format json`: by ACP it says neither the status of an error nor for how long it waits.
 * Flags: opencode.ai/docs/cli; rules: opencode.ai/docs/permissions; events: as printed by 1.18.33.
 */
export const preset: Preset = {
  name: 'opencode',
  program: 'opencode',
  install: 'npm install --global opencode-ai',
  login: 'opencode auth login',
  signIn: ['.local/share/opencode/auth.json'],
  open,
  inspect,
};

async function open(opening: ConversationOpening): Promise<Conversation> {
  const cwd = await realpath(opening.cwd);
  const temporary = await temporaryFolder(opening.scratch);
  const spent: Spent = {};
  let session: string | undefined;
  const env = {
    ...opening.env,
    TMPDIR: temporary.folder,
    OPENCODE_CONFIG_CONTENT: configurationFor(opening.mode, temporary.folder, opening.env['OPENCODE_CONFIG_CONTENT']),
  };

  return {
    ask: (prompt) =>
      prompted({ ...opening, cwd }, spent, {
        ...preset,
        command: [
          ...opening.program,
          // While it waits for its provider, it says why only in its log.
          ...['run', '--format', 'json', '--print-logs', '--log-level', 'ERROR'],
          ...(opening.model === undefined ? [] : ['--model', opening.model]),
          ...opening.arguments,
          ...(session === undefined ? [] : ['--session', session]),
        ],
        input: prompt,
        env,
        read(line, stream, reading) {
          if (stream === 'stderr') return readLog(line, reading);
          const event = Fields.of(line);
          session = event?.text('sessionID') ?? session;
          if (event) readOpenCode(event, reading);
        },
      }),
    close: temporary.remove,
  };
}

/**
 * A rule `ask` would end the turn without a word, since nobody answers. With `deny` the model is informed, and continues. The
 * snapshots that OpenCode takes of the checkout are for its own undo.
 */
export function configurationFor(mode: Mode, temporary: string, theirs?: string): string {
  const permission = {
    '*': 'allow',
    question: 'deny',
    external_directory: { '*': 'deny', [path.join(temporary, '*')]: 'allow' },
    ...(mode === 'read' && { edit: 'deny' }),
  };
  const given = objectIn(theirs);
  const agent = { ...given.agent, build: { ...given.agent?.build, permission } };
  return JSON.stringify({ ...given, autoupdate: false, share: 'disabled', snapshot: false, permission, agent });
}

/** The error does not quote the text, which may contain a key. */
function objectIn(text?: string): { agent?: { build?: object } } {
  try {
    const value: unknown = JSON.parse(text || '{}');
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // It is no JSON.
  }
  throw new Error('opencode: OPENCODE_CONFIG_CONTENT should be a JSON object, and is not.');
}

/** Reads one event: `step_start`, `text`, `reasoning`, `tool_use`, `step_finish` or `error`. A step is one answer. */
export function readOpenCode(event: Fields, reading: Reading): void {
  const part = event.at('part');
  switch (event.text('type')) {
    case 'step_start':
      return reading.answered();
    case 'text':
      return reading.message(part.first('text'));
    case 'reasoning':
      return reading.thinking();
    case 'tool_use':
      return readTool(part, reading);
    case 'step_finish':
      reading.finished = true;
      return addUsage(part, reading.spent);
    case 'error':
      reading.finished = false;
      return readError(event.at('error'), reading);
    default:
      return undefined;
  }
}

function readTool(part: Fields, reading: Reading): void {
  const [tool, state] = [part.first('tool'), part.at('state')];
  const input = state.at('input');
  const failed = state.text('status') === 'error';
  const todos = tool === 'todowrite' ? input.list('todos') : [];
  if (todos.length > 0) {
    reading.plan(todos.map((each) => ({ text: each.first('content'), done: each.text('status') === 'completed' })));
  }
  const subject = input.first('command', 'filePath') || state.first('title');
  reading.tool(`${tool} ${subject}`.trim(), failed ? 'failed' : 'ended');
  reading.refused = failed && /user rejected permission/i.test(state.first('error'));
}

function readError(error: Fields, reading: Reading): void {
  const detail = error.at('data');
  const status = detail.number('statusCode');
  const message = detail.first('message') || error.first('name');
  reading.complain({
    words: status === undefined ? message : `${message} (status ${status})`,
    details: detail.text('responseBody'),
    status,
    retryAfter: detail.at('responseHeaders').text('retry-after'),
  });
}

export function readLog(line: string, reading: Reading): void {
  const trouble = troubleOfOpenCode(line);
  if (trouble) reading.complain(trouble, { trying: true });
}

/** Each answer reports its own usage. `input` is without what came from the cache. A cost of 0 means an unknown price. */
function addUsage(part: Fields, spent: Spent): void {
  const [tokens, cache] = [part.at('tokens'), part.at('tokens').at('cache')];
  const read = cache.number('read') ?? 0;
  const input = (tokens.number('input') ?? 0) + read + (cache.number('write') ?? 0);
  const total = tokens.number('total') ?? input + (tokens.number('output') ?? 0) + (tokens.number('reasoning') ?? 0);
  const cost = part.number('cost') ?? 0;
  spent.inputTokens = (spent.inputTokens ?? 0) + input;
  spent.cachedInputTokens = (spent.cachedInputTokens ?? 0) + read;
  spent.outputTokens = (spent.outputTokens ?? 0) + total - input;
  if (cost > 0) spent.costCents = (spent.costCents ?? 0) + cost * 100;
}

/** Whether it is signed in is read from its file, because starting it takes seconds. */
async function inspect(env: NodeJS.ProcessEnv): Promise<Inspected> {
  const version = await inspected('opencode', ['--version'], env);
  if (!version) return {};
  const data = env['XDG_DATA_HOME'] ?? path.join(env['HOME'] ?? '', '.local', 'share');
  const text = await readFile(path.join(data, 'opencode', 'auth.json'), 'utf8').catch(() => '{}');
  const providers = [...text.matchAll(/^ {2}"([^"]+)": \{/gm)].map(([, name]) => name);
  return {
    version: /\d+\.\d+\.\d+\S*/.exec(version.stdout)?.[0],
    // A provider may also be signed in by a variable, or need nothing.
    signedIn: providers.length > 0 ? true : undefined,
    detail:
      providers.length > 0 ? `signed in to ${providers.join(', ')}` : 'no sign-in of its own; a variable may have one',
  };
}
