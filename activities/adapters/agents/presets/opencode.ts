import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Conversation, ConversationOpening, Mode, Spent } from '../conversation.ts';
import type { Inspected, Preset } from '../preset.ts';
import { jsonOf, prompted, type Reading } from './events.ts';
import { inspected } from './inspecting.ts';
import { temporaryFolder } from './temporary.ts';

/**
 * OpenCode by `opencode run --format json`: by ACP it says neither the status of an error nor for how long it waits.
 * Flags: opencode.ai/docs/cli; rules: opencode.ai/docs/permissions; events: as printed by 1.18.33.
 */
export const preset: Preset = {
  name: 'opencode',
  program: 'opencode',
  install: 'npm install --global opencode-ai',
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
    ask(prompt) {
      let saidSomething = false;
      return prompted({ ...opening, cwd }, spent, {
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
          const event = jsonOf(line);
          if (!event) return;
          session = event['sessionID'] ?? session;
          if (event['type'] === 'step_start') saidSomething = false;
          if (event['type'] === 'text' || event['type'] === 'tool_use') saidSomething = true;
          readOpenCode(event, reading);
          if (event['type'] === 'step_finish') reading.answerEnded(saidSomething);
        },
      });
    },
    close: temporary.remove,
  };
}

/**
 * A rule `ask` would end the turn without a word, since nobody answers. With `deny` the model is told, and goes on. The
 * snapshots that OpenCode takes of the checkout are for its own undo.
 */
function configurationFor(mode: Mode, temporary: string, theirs = '{}'): string {
  const permission = {
    '*': 'allow',
    question: 'deny',
    external_directory: { '*': 'deny', [path.join(temporary, '*')]: 'allow' },
    ...(mode === 'read' && { edit: 'deny' }),
  };
  const given = jsonOf(theirs) ?? {};
  const build = { ...given['agent']?.build, permission };
  const agent = { ...given['agent'], build };
  return JSON.stringify({ ...given, autoupdate: false, share: 'disabled', snapshot: false, permission, agent });
}

/** Reads one event. Its kinds are `step_start`, `text`, `tool_use`, `step_finish` and `error`. */
export function readOpenCode(event: Record<string, any>, reading: Reading): void {
  const part: Record<string, any> = event['part'] ?? {};
  switch (event['type']) {
    case 'text':
      return reading.message(String(part['text'] ?? ''));
    case 'reasoning':
      return reading.thinking();
    case 'tool_use':
      return readTool(part, reading);
    case 'step_finish':
      reading.finished = true;
      return addUsage(part, reading.spent);
    case 'error':
      reading.finished = false;
      return readError(event['error'] ?? {}, reading);
    default:
      return undefined;
  }
}

function readTool({ tool, state = {} }: Record<string, any>, reading: Reading): void {
  const failed = state.status === 'error';
  const todos = state.input?.todos as { content: string; status: string }[] | undefined;
  if (tool === 'todowrite' && Array.isArray(todos)) {
    reading.plan(todos.map(({ content, status }) => ({ text: content, done: status === 'completed' })));
  }
  const subject = state.input?.command ?? state.input?.filePath ?? state.title ?? '';
  reading.tool(`${tool} ${subject}`.trim(), failed ? 'failed' : 'ended');
  reading.refused = failed && /user rejected permission/i.test(String(state.error));
}

function readError({ name, data = {} }: Record<string, any>, reading: Reading): void {
  const { message = name, statusCode, responseHeaders = {}, responseBody } = data;
  const words = statusCode === undefined ? String(message) : `${message} (status ${statusCode})`;
  reading.complain(words, { details: responseBody, retryAfter: responseHeaders['retry-after'] });
}

/** A line of its log (logfmt). Errors of the small model, which makes titles, do not matter. */
export function readLog(line: string, reading: Reading): void {
  const words = /\bmessage="stream error".*\berror\.error="((?:[^"\\]|\\.)*)"/.exec(line)?.[1];
  if (words === undefined || /\bsmall=true\b/.test(line)) return;
  reading.complain(words.replace(/\\(.)/g, '$1').replace(/^AI_\w+: /, ''), { trying: true });
}

/** Each answer reports its own usage. `input` is without what came from the cache. A cost of 0 means an unknown price. */
function addUsage({ tokens = {}, cost = 0 }: Record<string, any>, spent: Spent): void {
  const { input = 0, output = 0, reasoning = 0, cache = {}, total } = tokens;
  const [read = 0, write = 0] = [cache.read, cache.write];
  const all = input + read + write;
  spent.inputTokens = (spent.inputTokens ?? 0) + all;
  spent.cachedInputTokens = (spent.cachedInputTokens ?? 0) + read;
  spent.outputTokens = (spent.outputTokens ?? 0) + (total === undefined ? output + reasoning : total - all);
  if (cost > 0) spent.costCents = (spent.costCents ?? 0) + cost * 100;
}

/** Whether it is signed in is read from its file, because starting it takes seconds. */
async function inspect(env: NodeJS.ProcessEnv): Promise<Inspected> {
  const version = await inspected('opencode', ['--version'], env);
  if (!version) return {};
  const data = env['XDG_DATA_HOME'] ?? path.join(env['HOME'] ?? '', '.local', 'share');
  const text = await readFile(path.join(data, 'opencode', 'auth.json'), 'utf8').catch(() => '{}');
  const providers = Object.keys(jsonOf(text) ?? {});
  return {
    version: /\d+\.\d+\.\d+\S*/.exec(version.stdout)?.[0],
    // A provider may also be signed in by a variable, or need nothing.
    signedIn: providers.length > 0 ? true : undefined,
    detail:
      providers.length > 0 ? `signed in to ${providers.join(', ')}` : 'no sign-in of its own; a variable may have one',
  };
}
