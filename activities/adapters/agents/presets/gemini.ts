import { access, realpath, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Conversation, ConversationOpening, Mode, Spent } from '../conversation.ts';
import type { Inspected, Preset } from '../preset.ts';
import { jsonOf, prompted, type Reading } from './events.ts';
import { inspected } from './inspecting.ts';

/**
 * Google's Gemini CLI by its headless mode, whose standard error says at once why it waits. Flags and events:
 * geminicli.com/docs/cli/headless and geminicli.com/docs/reference/policy-engine, as of 0.61.0.
 */
export const preset: Preset = {
  name: 'gemini',
  program: 'gemini',
  install: 'npm install --global @google/gemini-cli',
  signIn: ['.gemini/oauth_creds.json', '.gemini/google_accounts.json', '.gemini/settings.json'],
  open,
  inspect,
};

async function open(opening: ConversationOpening): Promise<Conversation> {
  const cwd = await realpath(opening.cwd);
  const policy = path.join(opening.scratch, 'gemini-policy.toml');
  await writeFile(policy, policyFor(opening.mode));
  const spent: Spent = {};
  let session: string | undefined;

  return {
    ask: (prompt) =>
      prompted({ ...opening, cwd }, spent, {
        ...preset,
        command: [
          ...opening.program,
          // Its other modes ask, which is a "no" here, and refuse every command.
          ...['--output-format', 'stream-json', '--approval-mode', 'yolo', '--skip-trust', '--policy', policy],
          ...(opening.model === undefined ? [] : ['--model', opening.model]),
          ...opening.arguments,
          ...(session === undefined ? [] : ['--resume', session]),
        ],
        input: prompt,
        read(line, stream, reading) {
          if (stream === 'stderr') return readErrors(line, reading);
          const event = jsonOf(line);
          if (!event) return;
          if (event['type'] === 'init') session = String(event['session_id']);
          readGemini(event, reading);
        },
      }),
    close: () => Promise.resolve(),
  };
}

/** Its tools for files stay within the checkout by themselves. Its shell has no limits of its own. */
function policyFor(mode: Mode): string {
  const denied = ['ask_user', 'enter_plan_mode', ...(mode === 'read' ? ['write_file', 'replace'] : [])];
  return denied.map((tool) => `[[rule]]\ntoolName = "${tool}"\ndecision = "deny"\npriority = 900\n`).join('\n');
}

/** Reads one event: `init`, `message`, `tool_use`, `tool_result`, `error` or `result`. */
export function readGemini(event: Record<string, any>, reading: Reading): void {
  switch (event['type']) {
    case 'message':
      if (event['role'] === 'assistant') reading.part(String(event['content'] ?? ''));
      return;
    case 'tool_use':
      return reading.tool(titleOf(event), 'begun', event['tool_id']);
    case 'tool_result':
      return reading.toolEnded(event['tool_id'], event['status'] !== 'error');
    case 'error': // a warning: what ends the turn is in its result
      reading.complaint = String(event['message'] ?? '');
      return;
    case 'result':
      addUsage(event['stats'] ?? {}, reading.spent);
      reading.finished = event['status'] === 'success';
      if (!reading.finished) reading.complain(String(event['error']?.message ?? 'the turn failed'));
      return;
    default:
      return;
  }
}

const titleOf = ({ tool_name: name, parameters = {} }: Record<string, any>): string =>
  `${name} ${parameters.command ?? parameters.file_path ?? parameters.pattern ?? ''}`.trim();

/** "Attempt 1 failed with status 429. Retrying with backoff... _ApiError: {…}", then it waits. */
export function readErrors(line: string, reading: Reading): void {
  if (/^Attempt \d+ failed/.test(line)) reading.complain(line, { trying: true });
}

/** Each run reports its own usage. `input_tokens` includes what came from the cache. */
function addUsage(stats: Record<string, number>, spent: Spent): void {
  spent.inputTokens = (spent.inputTokens ?? 0) + (stats['input_tokens'] ?? 0);
  spent.cachedInputTokens = (spent.cachedInputTokens ?? 0) + (stats['cached'] ?? 0);
  spent.outputTokens = (spent.outputTokens ?? 0) + (stats['output_tokens'] ?? 0);
}

async function inspect(env: NodeJS.ProcessEnv): Promise<Inspected> {
  const version = await inspected('gemini', ['--version'], env);
  if (!version) return {};
  const key = ['GEMINI_API_KEY', 'GOOGLE_API_KEY'].find((name) => env[name]);
  const login = path.join(env['HOME'] ?? '', '.gemini', 'oauth_creds.json');
  const hasLogin = await access(login).then(
    () => true,
    () => false,
  );
  return {
    version: /\d+\.\d+\.\d+\S*/.exec(version.stdout)?.[0],
    signedIn: key !== undefined || hasLogin,
    detail: key !== undefined ? `${key} is set` : hasLogin ? 'signed in with Google' : 'not signed in: run gemini once',
  };
}
