import { access, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Conversation, ConversationOpening, Mode, Spent, Turn } from '../conversation.ts';
import type { Inspected, Preset } from '../preset.ts';
import { prompted, type Reading } from './events.ts';
import { Fields } from './fields.ts';
import { inspected } from './inspecting.ts';

/**
 * Anthropic's Claude Code by its print mode. It has terms of its own, so it was never run here: flags are from
 * code.claude.com/docs/en/cli-reference, /permission-modes and /sandboxing, events from /agent-sdk/typescript
 * (`SDKMessage`), as published for 2.1 in November 2026.
 */
export const preset: Preset = {
  name: 'claude-code',
  program: 'claude',
  install: 'npm install --global @anthropic-ai/claude-code',
  login: 'claude auth login',
  signIn: ['.claude/.credentials.json', '.claude.json'],
  open,
  inspect,
};

async function open(opening: ConversationOpening): Promise<Conversation> {
  const cwd = await realpath(opening.cwd);
  const spent: Spent = {};
  let session: string | undefined;
  return {
    ask: (prompt, wanted): Promise<Turn> =>
      prompted({ ...opening, cwd }, spent, {
        ...preset,
        command: [
          ...opening.program,
          ...['--print', '--output-format', 'stream-json', '--verbose', ...permissionsFor(opening.mode)],
          ...(opening.model === undefined ? [] : ['--model', opening.model]),
          ...(wanted ? ['--json-schema', JSON.stringify(wanted.schema)] : []),
          ...opening.arguments,
          ...(session === undefined ? [] : ['--resume', session]),
        ],
        input: prompt,
        read(line, stream, reading) {
          const event = stream === 'stdout' ? Fields.of(line) : undefined;
          session = event?.text('session_id') ?? session;
          if (event) readClaude(event, reading);
        },
      }),
    close: () => Promise.resolve(),
  };
}

const EDITS = ['Edit', 'Write', 'NotebookEdit'];

/**
 * In print mode, what would be asked is refused. Edits outside of the checkout would be asked. Commands run in its sandbox,
 * which lets them write in the checkout only, where the machine has what the sandbox needs (bubblewrap and socat).
 */
function permissionsFor(mode: Mode): string[] {
  const settings = { sandbox: { enabled: true, autoAllowBashIfSandboxed: true, allowUnsandboxedCommands: false } };
  const modeAndTools =
    mode === 'read'
      ? ['--permission-mode', 'default', '--allowedTools', 'Bash', '--disallowedTools', EDITS.join(',')]
      : ['--permission-mode', 'acceptEdits', '--allowedTools', 'Bash'];
  return [...modeAndTools, '--settings', JSON.stringify(settings)];
}

/** Reads one message of the stream. */
export function readClaude(event: Fields, reading: Reading): void {
  switch (event.text('type')) {
    case 'assistant':
      return readAssistant(event, reading);
    case 'user':
      for (const block of event.at('message').list('content')) {
        const isResult = block.text('type') === 'tool_result';
        if (isResult) reading.toolEnded(block.first('tool_use_id'), block.raw('is_error') !== true);
      }
      return;
    case 'system':
      return event.text('subtype') === 'api_retry' ? readRetry(event, reading) : undefined;
    case 'rate_limit_event':
      return readLimit(event.at('rate_limit_info'), reading);
    case 'result':
      return readResult(event, reading);
    default:
      return undefined;
  }
}

/** An answer with `error` is the program's own words about its provider, not the model's. */
function readAssistant(event: Fields, reading: Reading): void {
  const blocks = event.at('message').list('content');
  const said = blocks
    .map((block) => (block.text('type') === 'text' ? block.first('text') : ''))
    .join('\n')
    .trim();
  // Subagents report here too. Their words are not the answer, and the session may go on after their errors.
  const isOwn = event.text('parent_tool_use_id') === undefined;
  const error = event.text('error');
  if (error !== undefined) return isOwn ? reading.complain({ words: said || error, details: error }) : undefined;
  reading.answered();
  if (isOwn) reading.message(said);
  for (const block of blocks) {
    if (block.text('type') === 'thinking') reading.thinking();
    if (block.text('type') === 'tool_use') readTool(block, reading);
  }
}

function readTool(block: Fields, reading: Reading): void {
  const [name, input] = [block.first('name'), block.at('input')];
  const todos = name === 'TodoWrite' ? input.list('todos') : [];
  if (todos.length > 0) {
    reading.plan(todos.map((each) => ({ text: each.first('content'), done: each.text('status') === 'completed' })));
  }
  const subject = input.first('command', 'file_path', 'pattern', 'description');
  reading.tool(`${name} ${subject}`.trim(), 'begun', block.first('id'));
}

/** It tries again by itself, up to ten times, each time after a longer pause. */
function readRetry(event: Fields, reading: Reading): void {
  const status = event.number('error_status');
  const kind = event.first('error') || 'unknown';
  const words = status === undefined ? `connection error: ${kind}` : `${kind} (status ${status})`;
  reading.complain({ words, status }, { trying: true });
}

/** The limits of a subscription, beyond which extra usage may be paid for. `resetsAt`: seconds since 1970. */
function readLimit(limit: Fields, reading: Reading): void {
  if (limit.text('status') !== 'rejected' || limit.raw('isUsingOverage') === true) return;
  const at = limit.number('resetsAt');
  const until = at === undefined ? undefined : new Date(at * 1_000).toISOString();
  reading.notNow({ because: `Its usage limit is reached: ${limit.first('rateLimitType')}`, until });
}

function readResult(event: Fields, reading: Reading): void {
  addUsage(event, reading.spent);
  const [result, structured] = [event.first('result'), event.raw('structured_output')];
  if (event.raw('is_error') === true || event.text('subtype') !== 'success') {
    const errors = [event.raw('errors') ?? []].flat().filter((each) => typeof each === 'string');
    const words = result || errors.join('; ') || event.first('subtype');
    return reading.complain({ words, details: event.first('subtype'), status: event.number('api_error_status') });
  }
  reading.finished = true;
  if (typeof structured === 'object' && structured !== null) reading.text = JSON.stringify(structured);
  else if (result !== '') reading.text = result;
  reading.refused = event.list('permission_denials').length > 0 && reading.text === '';
}

/** Each run reports its own cost and usage: in `usage` without that of subagents. Input is without what concerns the cache. */
function addUsage(event: Fields, spent: Spent): void {
  const models = Object.values(event.raw('modelUsage') ?? {}).map((each) => new Fields(each));
  const sum = (ofModel: string, ofAll: string): number =>
    models.length === 0
      ? (event.at('usage').number(ofAll) ?? 0)
      : models.reduce((total, each) => total + (each.number(ofModel) ?? 0), 0);
  const read = sum('cacheReadInputTokens', 'cache_read_input_tokens');
  const written = sum('cacheCreationInputTokens', 'cache_creation_input_tokens');
  spent.inputTokens = (spent.inputTokens ?? 0) + sum('inputTokens', 'input_tokens') + read + written;
  spent.cachedInputTokens = (spent.cachedInputTokens ?? 0) + read;
  spent.outputTokens = (spent.outputTokens ?? 0) + sum('outputTokens', 'output_tokens');
  const cost = event.number('total_cost_usd') ?? 0;
  if (cost > 0) spent.costCents = (spent.costCents ?? 0) + cost * 100;
}

/** Its own command for this may start a session in older versions, so its files are read. macOS keeps them in the keychain. */
async function inspect(env: NodeJS.ProcessEnv): Promise<Inspected> {
  const version = await inspected('claude', ['--version'], env);
  if (!version) return {};
  const key = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN'].find((name) => env[name]);
  const home = env['CLAUDE_CONFIG_DIR'] ?? path.join(env['HOME'] ?? '', '.claude');
  const hasLogin = await access(path.join(home, '.credentials.json')).then(
    () => true,
    () => false,
  );
  const unknown = process.platform === 'darwin' ? undefined : false;
  return {
    version: /\d+\.\d+\.\d+\S*/.exec(version.stdout)?.[0],
    signedIn: key !== undefined || hasLogin || unknown,
    detail: key !== undefined ? `${key} is set` : hasLogin ? 'signed in' : `not signed in: ${preset.login}`,
  };
}
