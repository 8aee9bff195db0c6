// Speaks like `codex`, by a script: FAKE_CODEX names what it does, and FAKE_CODEX_LOGIN whether it is signed in.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';

const { FAKE_CODEX: plays = 'done', FAKE_CODEX_LOGIN: login = 'yes' } = process.env;
const [subcommand] = process.argv.slice(2);
const event = (each) => console.log(JSON.stringify(each));
const item = (each) => event({ type: 'item.completed', item: each });
const message = (text) => item({ type: 'agent_message', text });
const usage = { input_tokens: 1_200, cached_input_tokens: 200, output_tokens: 34 };

if (subcommand === '--version') console.log('codex-cli 9.8.7');
if (subcommand === 'login') {
  console.log(login === 'yes' ? 'Logged in using ChatGPT' : 'Not logged in');
  process.exitCode = login === 'yes' ? 0 : 1;
}
if (subcommand === 'exec') {
  event({ type: 'thread.started', thread_id: 't-1' });
  play(readFileSync(0, 'utf8'));
}

function play(prompt) {
  if (plays === 'limit')
    return failed({ type: 'error', message: "You've hit your usage limit. Try again in 2 hours." });
  if (plays === 'fails') return failed({ type: 'turn.failed', error: { message: 'The prompt is not allowed.' } });
  if (plays === 'hangs') return hang();
  if (plays === 'shop') message(shop(prompt));
  else hello(prompt);
  event({ type: 'turn.completed', usage });
}

function failed(how) {
  event(how);
  process.exitCode = 1;
}

/** Starts a process in a session of its own, and does not end. */
function hang() {
  const idle = ['-e', 'setInterval(() => undefined, 1000)', process.cwd()];
  spawn(process.execPath, idle, { detached: true, stdio: 'ignore' }).unref();
  message(`Waiting in ${process.cwd()}`);
  setInterval(() => undefined, 1_000);
}

/** Does the task of `gatehouse agents try`, or claims to have done it. */
function hello(prompt) {
  const at = process.argv.indexOf('--model');
  if (at >= 0) message(`I am ${process.argv[at + 1]}.`);
  message('I create it.');
  if (plays === 'done') writeFileSync('hello.txt', `${/exactly this line: (.*)/.exec(prompt)[1]}\n`);
  if (plays === 'wrong') writeFileSync('hello.txt', 'good evening\n');
  const command = { type: 'command_execution', command: "/bin/sh -lc 'echo hello'" };
  event({ type: 'item.started', item: { ...command, status: 'in_progress' } });
  item({ ...command, status: 'completed', exit_code: 0 });
  message('I have created hello.txt.');
}

/** Plays a role of the sample shop's story as the sample's own script does, which knows only what the prompt says. */
function shop(prompt) {
  const agent = fileURLToPath(new URL('../../../client/local-stack/sample/tools/agent.mjs', import.meta.url));
  const folder = mkdtempSync(path.join(tmpdir(), 'fake-codex-'));
  const [, id, title] = /^# (\S+): (.*)$/m.exec(prompt);
  const job = {
    role: /^Your role: ([\w-]+)\./m.exec(prompt)[1],
    task: { id, title },
    change: { repository: '.', base: 'main' },
    brief: '',
    priorOutputs: [],
    ...(prompt.includes('## Sent back') && { revision: {} }),
  };
  const files = { GATEHOUSE_JOB: path.join(folder, 'job.json'), GATEHOUSE_RESULT: path.join(folder, 'result.json') };
  try {
    writeFileSync(files.GATEHOUSE_JOB, JSON.stringify(job));
    spawnSync(process.execPath, [agent], { env: { ...process.env, ...files, SAMPLE_PACE_MS: '0' } });
    const { summary, output } = JSON.parse(readFileSync(files.GATEHOUSE_RESULT, 'utf8'));
    return output ? JSON.stringify(output) : summary;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
