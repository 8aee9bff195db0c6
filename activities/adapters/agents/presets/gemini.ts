import { access, realpath, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Conversation, ConversationOpening, Mode, Spent } from '../conversation.ts';
import type { Inspected, Preset } from '../preset.ts';
import { prompted, type Reading } from './events.ts';
import { Fields } from './fields.ts';
import { inspected } from './inspecting.ts';
import { troubleOfGemini } from './logs.ts';

/**
 * Google's Gemini CLI by its headless mode, whose standard error says at once why it waits. Flags and events:
 * geminicli.com/docs/cli/headless and geminicli.com/docs/reference/policy-engine, as of 0.61.0.
 */
export const preset: Preset = {
  name: 'gemini',
  program: 'gemini',
  install: 'npm install --global @google/gemini-cli',
  login: 'run gemini once',
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
          const event = Fields.of(line);
          if (event?.text('type') === 'init') session = event.text('session_id');
          if (event) readGemini(event, reading);
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
export function readGemini(event: Fields, reading: Reading): void {
  switch (event.text('type')) {
    case 'message':
      if (event.text('role') === 'assistant') reading.part(event.first('content'));
      return;
    case 'tool_use':
      return reading.tool(titleOf(event), 'begun', event.first('tool_id'));
    case 'tool_result':
      return reading.toolEnded(event.first('tool_id'), event.text('status') !== 'error');
    case 'error': // a warning: what ends the turn is in its result
      reading.complaint = { words: event.first('message') };
      return;
    case 'result':
      addUsage(event.at('stats'), reading.spent);
      reading.finished = event.text('status') === 'success';
      if (!reading.finished) reading.complain({ words: event.at('error').first('message') });
      return;
    default:
      return;
  }
}

const titleOf = (event: Fields): string =>
  `${event.first('tool_name')} ${event.at('parameters').first('command', 'file_path', 'pattern')}`.trim();

export function readErrors(line: string, reading: Reading): void {
  const trouble = troubleOfGemini(line);
  if (trouble) reading.complain(trouble, { trying: true });
}

/** Each run reports its own usage. `input_tokens` includes what came from the cache. */
function addUsage(stats: Fields, spent: Spent): void {
  spent.inputTokens = (spent.inputTokens ?? 0) + (stats.number('input_tokens') ?? 0);
  spent.cachedInputTokens = (spent.cachedInputTokens ?? 0) + (stats.number('cached') ?? 0);
  spent.outputTokens = (spent.outputTokens ?? 0) + (stats.number('output_tokens') ?? 0);
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
    detail: key !== undefined ? `${key} is set` : hasLogin ? 'signed in with Google' : `not signed in: ${preset.login}`,
  };
}
