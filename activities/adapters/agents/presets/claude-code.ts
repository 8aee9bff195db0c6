import { access, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Conversation, ConversationOpening, Mode, Spent, Turn } from '../conversation.ts';
import type { Inspected, Preset } from '../preset.ts';
import { jsonOf, prompted, type Reading } from './events.ts';
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
          const event = stream === 'stdout' ? jsonOf(line) : undefined;
          if (!event) return;
          session = event['session_id'] ?? session;
          readClaude(event, reading);
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
export function readClaude(event: Record<string, any>, reading: Reading): void {
  switch (event['type']) {
    case 'assistant':
      return readAssistant(event, reading);
    case 'user':
      for (const block of blocksOf(event)) {
        if (block['type'] === 'tool_result') reading.toolEnded(block['tool_use_id'], block['is_error'] !== true);
      }
      return;
    case 'system':
      if (event['subtype'] === 'api_retry') readRetry(event, reading);
      return;
    case 'rate_limit_event':
      return readLimit(event['rate_limit_info'] ?? {}, reading);
    case 'result':
      return readResult(event, reading);
    default:
      return;
  }
}

const blocksOf = (event: Record<string, any>): Record<string, any>[] =>
  Array.isArray(event['message']?.content) ? event['message'].content : [];

/** An answer with `error` is the program's own words about its provider, not the model's. */
function readAssistant(event: Record<string, any>, reading: Reading): void {
  const blocks = blocksOf(event);
  const said = blocks.flatMap((block) => (block['type'] === 'text' ? [String(block['text'])] : [])).join('\n');
  if (event['error'] !== undefined) return reading.complain(said, { details: String(event['error']) });
  // Subagents report here too. Their words are not the answer.
  if (said !== '' && !event['parent_tool_use_id']) reading.message(said);
  for (const block of blocks) {
    if (block['type'] === 'thinking') reading.thinking();
    if (block['type'] === 'tool_use') reading.tool(titleOf(block), 'begun', block['id']);
    if (block['type'] === 'tool_use' && block['name'] === 'TodoWrite') readTodos(block['input']?.todos, reading);
  }
  reading.answerEnded(blocks.length > 0);
}

function titleOf({ name, input = {} }: Record<string, any>): string {
  return `${name} ${input.command ?? input.file_path ?? input.pattern ?? input.description ?? ''}`.trim();
}

function readTodos(todos: unknown, reading: Reading): void {
  if (!Array.isArray(todos)) return;
  reading.plan(todos.map(({ content, status }) => ({ text: String(content), done: status === 'completed' })));
}

function readRetry(
  { error, error_status: status, retry_delay_ms: delay }: Record<string, any>,
  reading: Reading,
): void {
  const words = `${error ?? 'unknown'} (status ${status ?? 'none'})`;
  const retryAfter = typeof delay === 'number' && delay > 60_000 ? String(delay / 1_000) : undefined;
  reading.complain(status === null || status === undefined ? `connection error: ${words}` : words, {
    trying: true,
    retryAfter,
  });
}

/** The limits of a subscription. `resetsAt`: seconds since 1970. */
function readLimit({ status, resetsAt, rateLimitType: type = 'usage' }: Record<string, any>, reading: Reading): void {
  if (status !== 'rejected') return;
  const until = typeof resetsAt === 'number' ? new Date(resetsAt * 1_000).toISOString() : undefined;
  reading.notNow({ because: `usage limit reached: ${type}`, until });
}

function readResult(event: Record<string, any>, reading: Reading): void {
  addUsage(event, reading.spent);
  const { result, is_error: isError, subtype, structured_output: structured, permission_denials: denials = [] } = event;
  if (isError === true || subtype !== 'success') {
    const words = result ?? (event['errors'] ?? []).join(' ');
    return reading.complain(words === '' ? String(subtype) : String(words));
  }
  reading.finished = true;
  if (structured !== undefined && structured !== null) reading.text = JSON.stringify(structured);
  else if (typeof result === 'string' && result !== '') reading.text = result;
  reading.refused = denials.length > 0 && reading.text === '';
}

/** Each run reports its own usage and cost. `input_tokens` is without what concerns the cache. */
function addUsage({ usage = {}, total_cost_usd: cost }: Record<string, any>, spent: Spent): void {
  const read = usage.cache_read_input_tokens ?? 0;
  const input = (usage.input_tokens ?? 0) + read + (usage.cache_creation_input_tokens ?? 0);
  spent.inputTokens = (spent.inputTokens ?? 0) + input;
  spent.cachedInputTokens = (spent.cachedInputTokens ?? 0) + read;
  spent.outputTokens = (spent.outputTokens ?? 0) + (usage.output_tokens ?? 0);
  if (typeof cost === 'number' && cost > 0) spent.costCents = (spent.costCents ?? 0) + cost * 100;
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
    detail: key !== undefined ? `${key} is set` : hasLogin ? 'signed in' : 'no sign-in found: claude auth login',
  };
}
