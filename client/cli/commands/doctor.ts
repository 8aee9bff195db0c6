import type { Client } from '@temporalio/client';
import pc from 'picocolors';
import { found } from '../../../workflows/contracts/bad-fields.ts';
import type { Finding } from '../../../workflows/contracts/survey.ts';
import { configurationOf } from '../../../worker/configuration/configuration-file.ts';
import { readConfig, type ClientConfig } from '../../config.ts';
import { connect } from '../../connection.ts';
import { agentsOf } from '../../doctor/agents.ts';
import { forgesFound } from '../../forges/findings.ts';
import { runnersFound } from '../../doctor/runners.ts';
import { surveyed } from '../../doctor/surveying.ts';
import { setUpOf } from '../../doctor/set-up.ts';
import { everyOf, unwatch, watch, watchOf } from '../../doctor/watching.ts';
import { typed } from '../../invocation.ts';
import type { Called } from '../called.ts';
import { EXIT, Usage } from '../exit-codes.ts';
import { print, say } from '../output.ts';

interface Wish {
  fix?: boolean;
  setUp?: boolean;
  watch?: boolean | string;
  every: string;
  repository?: string;
}

export async function doctor({ options: wish, json }: Called<[], Wish>): Promise<number> {
  const everyMs = everyOf(wish.every);
  if (everyMs === undefined) {
    throw new Usage(`--every: expected a time from 10s to 24h, such as 5m, found ${found(wish.every)}`);
  }
  if (wish.watch !== undefined && wish.watch !== true && wish.watch !== 'off') {
    throw new Usage(`--watch: expected off or no value, found ${found(wish.watch)}`);
  }
  const config = readConfig();
  configurationOf(config.variables, config.environment); // throws if the file is bad, before anything is checked
  const client = await connect(config);
  try {
    const findings = await examine(config, client, wish, everyMs);
    print(json, findings, (each) => each.map(lineOf).join('\n'));
    return findings.every(({ ok }) => ok) ? EXIT.done : EXIT.failed;
  } finally {
    await client.connection.close();
  }
}

/** Checks the set-up first, because the other checks depend on it. */
async function examine(config: ClientConfig, client: Client, wish: Wish, everyMs: number): Promise<Finding[]> {
  const { GATEHOUSE_TASK_QUEUE: taskQueue } = config.variables;
  const fix = wish.fix === true;
  const setUp = await setUpOf(config, client, fix);
  const isThere = (about: string) => setUp.some((each) => each.about === about && each.ok);
  if (wish.setUp || !isThere('namespace')) return setUp;
  const { repository } = wish;
  const isHosted = repository !== undefined && /:\/\//.test(repository) && !repository.startsWith('file:');
  setUp.push(
    ...(await agentsOf(config, isHosted ? undefined : repository)),
    ...(await forgesFound(config, isHosted ? repository : undefined)),
    ...(await runnersFound(config)),
  );

  if (wish.watch === 'off') await unwatch(client, taskQueue);
  if (wish.watch === true) await watch(client, { taskQueue, everyMs, fix });
  const watching = await watchOf(client, taskQueue);
  if (!isThere('worker')) {
    const detail = 'runs and leftovers were not checked, because only a worker can do that';
    return [...setUp, watching, { about: 'survey', ok: false, detail, mend: 'gatehouse up' }];
  }
  say('a worker is checking');
  return [...setUp, watching, ...(await surveyed(client, taskQueue, fix))];
}

function lineOf({ about, ok, detail, mend }: Finding): string {
  const fix =
    mend && !ok ? `\n     fix it: ${mend.replace(/^gatehouse (.*)/, (_, words: string) => typed(words))}` : '';
  return `${ok ? pc.green('ok  ') : pc.red('bad ')} ${about}: ${detail}${fix}`;
}
