import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Drive } from '../../../activities/adapters/agents/driver/drive.ts';
import { shownJob } from '../../../activities/adapters/local/command-executor/shown-job.ts';
import { acpCommand, type Script } from '../../support/agents/acp-rig.ts';
import { commandJob } from '../../support/builders.ts';
import { figure, type Book } from '../figures.ts';
import { METRICS } from '../metrics.ts';
import type { Pace } from '../pace.ts';
import { processorMs } from '../processor.ts';
import type { Stage } from '../stage.ts';

const BUILDING = new URL('../../../client/building/checkout.mjs', import.meta.url).href;
/** The messages and tool calls of one ordinary job. */
const STEPS = 50;
const UPDATES = { few: 500, many: 5_000 };

/**
 * Measures what the agent driver adds to a scripted agent that speaks the Agent Client Protocol: the processor time of both
 * minus that of the agent alone, which is sent the same messages; and the driver's peak memory, whose floor is that of a
 * session with a tenth of the updates.
 */
export async function agents({ cluster, say }: Stage, pace: Pace, book: Book): Promise<void> {
  const home = await cluster.folder('agents');
  const { checkoutBuild } = (await import(BUILDING)) as { checkoutBuild(): Promise<string> };
  const driver = ['--no-warnings', path.join(await checkoutBuild(), 'agent.js')];

  say(METRICS['agent-acp'].title);
  const over: number[][] = [];
  for (let repetition = 0; repetition < pace.repetitions; repetition += 1) {
    over.push([]);
    for (let sample = 0; sample <= pace.starts; sample += 1) {
      const job = await jobIn(home, { turns: [ordinary] });
      const both = await processorMs(driver, { env: job.env, cwd: job.tree });
      if (!(await readFile(job.result, 'utf8')).includes(`step ${STEPS - 1}`))
        throw new Error('The driver has no result.');
      const alone = await processorMs(job.program, { env: { NODE_OPTIONS: '' }, cwd: job.tree, input: job.messages });
      if (sample > 0) over.at(-1)!.push(both - alone); // the first sample fills the file cache
    }
  }
  book.add({ id: 'agent-acp', ...METRICS['agent-acp'] }, { gatehouse: figure(over) });

  say(METRICS['agent-memory'].title);
  const [few, many]: [number[], number[]] = [[], []];
  for (let repetition = 0; repetition < pace.repetitions; repetition += 1) {
    few.push(await peakMB(driver, await floodedJob(home, UPDATES.few)));
    many.push(await peakMB(driver, await floodedJob(home, UPDATES.many)));
  }
  const figures = { floor: figure([few]), gatehouse: figure([many]) };
  book.add({ id: 'agent-memory', ...METRICS['agent-memory'] }, figures);
}

const ordinary = Array.from({ length: STEPS }, (_, n) => [
  { say: `I come to step ${n}, and say what I do.\n` },
  { tool: `npm test -- step ${n}` },
]).flat();

interface BenchJob {
  tree: string;
  result: string;
  /** The environment of the driver. */
  env: Record<string, string>;
  /** The arguments of Node that start the agent alone, and what the driver would send to it. */
  program: string[];
  messages: string;
}

async function jobIn(home: string, script: Script): Promise<BenchJob> {
  const folder = await mkdtemp(path.join(home, 'job-'));
  const file = (name: string) => path.join(folder, name);
  const tree = file('tree');
  await mkdir(tree);
  const command = await acpCommand(folder, script);
  const drive: Drive = {
    agent: { is: 'acp', command, arguments: [] },
    mode: 'write',
    env: {},
    secrets: [],
    prices: {},
    scratch: file('scratch'),
    cancel: file('cancel'),
  };
  await writeFile(file('drive.json'), JSON.stringify(drive));
  await writeFile(file('job.json'), JSON.stringify(shownJob(commandJob('/srv/shop', 'b'.repeat(40)))));
  return {
    tree,
    result: file('result.json'),
    env: {
      NODE_OPTIONS: '',
      PWD: tree,
      GATEHOUSE_JOB: file('job.json'),
      GATEHOUSE_DRIVE: file('drive.json'),
      GATEHOUSE_RESULT: file('result.json'),
    },
    program: command.split(' ').slice(1),
    messages: [
      { id: 0, method: 'initialize', params: { protocolVersion: 1 } },
      { id: 1, method: 'session/new', params: { cwd: tree, mcpServers: [] } },
      { id: 2, method: 'session/prompt', params: { sessionId: 'session-1', prompt: [] } },
    ]
      .map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
      .join(''),
  };
}

/** A session with so many updates, which then shows progress and waits. */
function floodedJob(home: string, updates: number): Promise<BenchJob> {
  const text = `${'What it does, in detail. '.repeat(40)}\n`;
  return jobIn(home, { turns: [[{ flood: updates / 2, text }, { plan: [['all', 'completed']] }, { hang: true }]] });
}

/** The peak memory of the driver once it has read all updates. */
async function peakMB(driver: readonly string[], { env, tree }: BenchJob): Promise<number> {
  const child = spawn(process.execPath, driver, {
    cwd: tree,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit');
  try {
    let said = '';
    for await (const text of child.stderr.setEncoding('utf8')) {
      said += text;
      if (said.includes('GATEHOUSE_PROGRESS')) break;
    }
    const kilobytes = /^VmHWM:\s*(\d+)/m.exec(await readFile(`/proc/${child.pid}/status`, 'utf8'))?.[1];
    return Number(kilobytes) / 1_024;
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}
