import { readdir } from 'node:fs/promises';
import path from 'node:path';
import pc from 'picocolors';
import { runIdOf } from '../../workflows/contracts/pipeline-run.ts';
import { follow, storySettingsOf } from '../cli/following.ts';
import { totalWords } from '../cli/texts/spending.ts';
import type { ClientConfig } from '../config.ts';
import type { Runs } from '../runs.ts';
import { tame } from '../legible.ts';
import { differences } from './judging.ts';
import { PatientPerson, ScriptedPerson } from './persons.ts';
import { makeSampleRepository } from './sample.ts';
import { moveTheBase } from './teammate.ts';
import type { Stack } from './stack.ts';

interface Playing {
  config: ClientConfig;
  runs: Runs;
  stack: Stack;
  /** Aborts when the user stops the demo. */
  signal: AbortSignal;
  unattended: boolean;
  /** The preset that plays every role. Undefined: a script does. */
  agent?: string | undefined;
}

const tell = (line: string): void => void process.stdout.write(`${tame(line, pc.isColorSupported)}\n`);

/** Takes the sample's task from start to merge, and prints what happens. Unattended, a script acts as the person. */
export async function playSample({
  config,
  runs,
  stack,
  signal,
  unattended,
  agent,
}: Playing): Promise<{ ok: boolean }> {
  const home = path.join(stack.data, 'demo');
  const n = await freeNumber(home, runs);
  const shop = path.join(home, String(n), 'shop');
  const task = `SHOP-${n}`;
  await makeSampleRepository(shop, agent);
  tell(`A fresh sample repository: ${shop}`);
  if (agent !== undefined) tell(`${agent} plays every role. It works with your sign-in, and costs what it costs.`);
  if (stack.uiUrl) tell(`Temporal's Web UI: ${stack.uiUrl}`);

  const { workflowId } = await runs.start({
    task: { id: task, title: 'Show totals with tax', description: 'The basket shows net, tax (19 %) and total.' },
    change: { repository: shop },
    pipeline: 'human-review',
    startedBy: 'ana',
  });
  let moved = false;
  const person = agent === undefined ? new ScriptedPerson(runs) : new PatientPerson(runs);
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
        const sure = agent === undefined ? 'will' : 'may';
        tell(`  Bo, a teammate, has just pushed to main: the change ${sure} conflict, and fail a new test.`);
      }
      if (unattended) await person.lookAt(run);
      return !signal.aborted;
    },
  });
  if (agent !== undefined) tell(`${agent} has used: ${totalWords((await runs.run(workflowId)).usage)}`);
  if (!unattended) return { ok: code === 0 };
  const wrong = [...person.complaints, ...(await differences({ runs, workflowId, shop, code, agent }))];
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
