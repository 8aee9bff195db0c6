// Runs one coding agent for one job, in the checkout that is the working folder. The supervisor starts it in place of a
// command, so it outlives the worker.
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { ANSWERED, markAnswered } from '../availability.ts';
import type { ConversationOpening, Open, Seen } from '../conversation.ts';
import { Redactor } from '../../settings/redacting.ts';
import { readDrive, readShownJob, type Drive } from './drive.ts';
import { drive } from './driving.ts';
import { filter } from './filtering.ts';
import { Output } from './output.ts';
import { writeResult } from './result.ts';

/** The variables that are for the driver alone. */
const OWN = ['GATEHOUSE_JOB', 'GATEHOUSE_RESULT', 'GATEHOUSE_DRIVE', ANSWERED];
/** As a process ends that SIGTERM has ended. */
const TERMINATED = 143;
/** How often the request to cancel is looked for, in milliseconds. */
const CANCEL_POLL_MS = 250;

/** Runs the job that the environment names. Returns the exit code. */
async function main(environment: NodeJS.ProcessEnv): Promise<number> {
  const settings = await readDrive(environment['GATEHOUSE_DRIVE']!);
  const secrets = secretsIn(environment, settings.secrets);
  const cwd = environment['PWD'] ?? process.cwd();
  const env = programEnvironment(environment, settings, cwd);
  await mkdir(settings.scratch, { recursive: true });
  if (settings.agent.is !== 'command') return converse(environment, settings, { cwd, env, secrets });

  const from = path.join(settings.scratch, 'result.json');
  const { GATEHOUSE_JOB: job = '', GATEHOUSE_RESULT: to = '' } = environment;
  return filter({
    command: settings.agent.command,
    cwd,
    env: { ...env, GATEHOUSE_JOB: job, GATEHOUSE_RESULT: from },
    secrets,
    stdin: job,
    result: { from, to },
    stdout: process.stdout,
    stderr: process.stderr,
  });
}

interface Given {
  cwd: string;
  env: NodeJS.ProcessEnv;
  secrets: Record<string, string>;
}

async function converse(
  environment: NodeJS.ProcessEnv,
  settings: Drive,
  { cwd, env, secrets }: Given,
): Promise<number> {
  const job = await readShownJob(environment['GATEHOUSE_JOB']!);
  const redactor = new Redactor(secrets);
  const output = new Output(redactor, {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    now: Date.now,
  });
  console.error = (...words: unknown[]) => output.complain(words.map(String).join(' ')); // libraries print with it
  const cancelled = cancellation(settings);
  const { open, opening } = await conversationOf(settings, (text) => output.complain(text));
  const noteAnswer = answerNoter(environment[ANSWERED]);
  const driven = await drive({
    job,
    open,
    opening: { ...opening, cwd, env, mode: settings.mode, scratch: settings.scratch, sandboxed: settings.sandboxed },
    seen(event) {
      noteAnswer(event);
      output.seen(event);
    },
    signal: cancelled,
  });
  output.end();
  if (driven.is === 'cancelled') return TERMINATED;
  const model = settings.agent.is === 'command' ? undefined : settings.agent.model;
  await writeResult(environment['GATEHOUSE_RESULT']!, driven, redactor, { model, prices: settings.prices });
  if (driven.is === 'completed') return 0;
  output.complain(driven.because);
  return driven.is === 'notNow' ? 0 : 1;
}

type Way = Pick<ConversationOpening, 'program' | 'model' | 'sessionMode' | 'arguments'>;

/** How to talk to the program. Only what is used is loaded. */
async function conversationOf(
  { agent }: Drive,
  complain: (line: string) => void,
): Promise<{ open: Open; opening: Way }> {
  if (agent.is === 'acp') {
    const { acp, shellCommand } = await import('../acp/index.ts');
    const opening = { program: shellCommand(agent.command), model: agent.model, sessionMode: agent.mode };
    return { open: acp({ complain }), opening: { ...opening, arguments: agent.arguments } };
  }
  if (agent.is === 'command') throw new Error('A command is not spoken to.');
  const { presetNamed } = await import('../presets/index.ts');
  const preset = await presetNamed(agent.preset);
  return { open: preset.open, opening: { program: [preset.program], model: agent.model, arguments: agent.arguments } };
}

/** Notes once that the model answers, for jobs that wait for that (`availability.ts`). */
function answerNoter(file: string | undefined): (event: Seen) => void {
  let noted = file === undefined;
  return (event) => {
    if (noted || (event.is !== 'tool' && event.is !== 'plan' && (event.is !== 'message' || event.text.trim() === '')))
      return;
    noted = true;
    void markAnswered(file!).catch(() => undefined);
  };
}

/** Aborted by SIGTERM, once the file exists, and when nobody waits any more. */
function cancellation({ cancel: file, attended = false }: Pick<Drive, 'cancel' | 'attended'>): AbortSignal {
  const controller = new AbortController();
  const cancel = () => controller.abort();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, cancel);
  if (attended) process.stdin.resume().on('error', cancel).once('close', cancel);
  const timer = setInterval(() => {
    if (existsSync(file)) cancel();
  }, CANCEL_POLL_MS).unref();
  controller.signal.addEventListener('abort', () => clearInterval(timer));
  return controller.signal;
}

const secretsIn = (environment: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])));

function programEnvironment(environment: NodeJS.ProcessEnv, { env }: Drive, cwd: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(environment).filter(([name]) => !OWN.includes(name));
  return { ...Object.fromEntries(inherited), ...env, PWD: cwd };
}

// Nothing else keeps this process alive while it waits for the end of a program that has closed its pipes.
setInterval(() => undefined, 60_000);
process.exitCode = await main(process.env).catch((failure: unknown) => {
  process.stderr.write(`The agent driver failed: ${failure instanceof Error ? failure.message : String(failure)}\n`);
  return 1;
});
// Pipes of what the program has left running would keep this process alive.
process.stdout.write('', () => process.stderr.write('', () => process.exit()));
