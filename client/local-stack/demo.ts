import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import pc from 'picocolors';
import { runIdOf } from '../../workflows/contracts/pipeline-run.ts';
import type { RunAnswer } from '../../workflows/contracts/reading.ts';
import { follow, storySettingsOf } from '../cli/following.ts';
import type { ClientConfig } from '../config.ts';
import type { Runs } from '../runs.ts';
import { tame } from '../legible.ts';
import { moveTheBase } from './teammate.ts';
import { makeSampleRepository } from './sample.ts';
import type { Stack } from './stack.ts';

interface Playing {
  config: ClientConfig;
  runs: Runs;
  stack: Stack;
  /** Aborts when the user stops the demo. */
  signal: AbortSignal;
  unattended: boolean;
}

const tell = (line: string): void => void process.stdout.write(`${tame(line, pc.isColorSupported)}\n`);

/** Takes the sample's task from start to merge, and prints what happens. Unattended, a script acts as the person. */
export async function playSample({ config, runs, stack, signal, unattended }: Playing): Promise<{ ok: boolean }> {
  const home = path.join(stack.data, 'demo');
  const n = await freeNumber(home, runs);
  const shop = path.join(home, String(n), 'shop');
  const task = `SHOP-${n}`;
  await makeSampleRepository(shop);
  tell(`A fresh sample repository: ${shop}`);
  if (stack.uiUrl) tell(`Temporal's Web UI: ${stack.uiUrl}`);

  const { workflowId } = await runs.start({
    task: { id: task, title: 'Show totals with tax', description: 'The basket shows net, tax (19 %) and total.' },
    change: { repository: shop },
    pipeline: 'human-review',
    startedBy: 'ana',
  });
  let moved = false;
  const person = new ScriptedPerson(runs);
  const code = await follow({
    runs,
    workflowId,
    json: false,
    until: undefined,
    config: await storySettingsOf(config),
    seen: async (run) => {
      if (!moved && run.current?.kind === 'human-test' && run.status === 'parked') {
        moved = true;
        await moveTheBase(shop, path.join(home, String(n), 'teammate'));
        tell('  Bo, a teammate, has just pushed to main: the change will conflict, and fail a new test.');
      }
      if (unattended) await person.lookAt(run);
      return !signal.aborted;
    },
  });
  if (!unattended) return { ok: code === 0 };
  const wrong = [...person.complaints, ...(await differences(runs, workflowId, shop, code))];
  for (const line of wrong) tell(`Not as expected: ${line}`);
  tell(wrong.length === 0 ? 'Everything went as expected.' : `${wrong.length} things are not as expected.`);
  return { ok: wrong.length === 0 };
}

/**
 * The next number that no sample on this disk and no run in the cluster uses. The cluster may be older than the disk.
 */
async function freeNumber(home: string, runs: Runs): Promise<number> {
  const taken = (await readdir(home).catch(() => [])).map((name) => Number(name) || 0);
  let n = 1 + Math.max(0, ...taken);
  while (await runs.ended(runIdOf('default', `SHOP-${n}`))) n += 1;
  return n;
}

/** Tests the preview like a person: opens the page, and checks whether its amounts add up. */
class ScriptedPerson {
  readonly complaints: string[] = [];
  private readonly seen = new Set<string>();
  private found = 0;

  constructor(private readonly runs: Runs) {}

  async lookAt({ workflowId, status, current, environment }: RunAnswer): Promise<void> {
    const visit = current?.visit;
    if (status !== 'parked' || !visit || this.seen.has(visit)) return;
    this.seen.add(visit);
    if (current.kind !== 'human-test' || !environment?.url) {
      this.complaints.push(`parked at ${visit} without an environment: ${current.because ?? 'no reason given'}`);
      await this.runs.act(workflowId, 'stop', { by: 'the scripted person' });
      return;
    }
    const page = await (await fetch(environment.url)).text();
    const [net, tax, total] = ['Net', 'Tax', 'Total'].map((label) => amountOf(page, label));
    if (net! + tax! === total) {
      if (this.found === 0) this.complaints.push('the preview did not show the planted defect');
      await this.runs.act(workflowId, 'confirm', { by: 'the scripted person', visit });
      return;
    }
    this.found += 1;
    if (this.found > 1) {
      this.complaints.push('the defect is still there after the fix');
      await this.runs.act(workflowId, 'stop', { by: 'the scripted person' });
      return;
    }
    const findings = `The total does not include the tax: net ${net}, tax ${tax}, total ${total} (cents).`;
    await this.runs.act(workflowId, 'requestFix', { findings, by: 'the scripted person', visit });
  }
}

const amountOf = (page: string, label: string): number => {
  const [, amount = 'NaN'] = new RegExp(`<td>${label}</td><td></td><td>EUR ([0-9.]+)</td>`).exec(page) ?? [];
  return Math.round(Number(amount) * 100);
};

/** Returns every deviation from the expected result, in the run and in the repository. */
async function differences(runs: Runs, workflowId: string, shop: string, code: number): Promise<string[]> {
  const wrong: string[] = [];
  const must = (held: boolean, otherwise: string) => void (held || wrong.push(otherwise));
  const end = await runs.ended(workflowId);
  const run = await runs.run(workflowId);
  must(code === 0 && end?.is === 'done' && end.result.outcome === 'merged', 'the run did not end merged');
  const jobs = run.steps.flatMap(({ attempts }) =>
    attempts.filter(({ outcome }) => outcome === 'completed').map(({ role }) => role),
  );
  for (const role of ['coder', 'reviewer', 'fixer', 'conflict-resolver', 'ci-fixer', 'merger']) {
    must(jobs.includes(role), `no ${role} completed a job`);
  }
  must(jobs.filter((role) => role === 'coder').length === 2, 'the review did not send the coder back once');
  must(run.environment?.status === 'gone', 'the environment is not gone');

  const git = async (...args: string[]) => (await execa('git', args, { cwd: shop })).stdout;
  const merge = end?.is === 'done' ? end.result.mergeCommit : undefined;
  must((await git('rev-parse', 'main')) === merge, 'main does not end with the merge commit');
  must((await git('show', '-s', '--format=%P', 'main')).split(' ').length === 2, 'the merge is not a merge commit');
  must(
    (await git('show', 'main:lib/totals.js')).includes("['To pay', netOf(items) + taxOf(items)]"),
    'main lacks the fixed total',
  );
  must((await git('branch', '--list', 'gatehouse/*')) === '', 'the work branch is still there');
  return wrong;
}
