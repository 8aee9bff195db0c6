import type { Client } from '@temporalio/client';
import { Option, type Command } from 'commander';
import pc from 'picocolors';
import { found } from '../../workflows/contracts/bad-fields.ts';
import type { Finding } from '../../workflows/contracts/survey.ts';
import { readConfig, type ClientConfig } from '../config.ts';
import { connect } from '../connection.ts';
import { surveyed } from '../doctor/asking.ts';
import { setUpOf } from '../doctor/set-up.ts';
import { everyOf, unwatch, watch, watchOf } from '../doctor/watching.ts';
import { isJson } from './context.ts';
import { EXIT, Usage } from './exit-codes.ts';
import type { Ended } from './main.ts';
import { print, say } from './output.ts';

interface Wish {
  fix?: boolean;
  setUp?: boolean;
  watch?: boolean | 'off';
  every: string;
}

export function addDoctor(program: Command, ended: Ended): void {
  const doctor = program
    .command('doctor')
    .description('Says what is wrong with the set-up and with runs, what was left behind, and how to mend it.')
    .option('--fix', 'mend what can be mended from here')
    .option('--set-up', 'look at the set-up only, which asks no worker: for health checks')
    .addOption(new Option('--watch [off]', 'have it looked at again and again, by a schedule; or no longer'))
    .option('--every <time>', 'how often: 10s to 24h', '5m')
    .action(async (wish: Wish) => {
      const everyMs = everyOf(wish.every);
      if (everyMs === undefined)
        throw new Usage(`--every: expected a time of 10s to 24h, as 5m, found ${found(wish.every)}`);
      if (wish.watch !== undefined && wish.watch !== true && wish.watch !== 'off')
        throw new Usage(`--watch: expected off, or nothing, found ${found(wish.watch)}`);
      const config = readConfig();
      const client = await connect(config);
      try {
        const findings = await examine(config, client, wish, everyMs);
        print(isJson(doctor), findings, (each) => each.map(lineOf).join('\n'));
        if (findings.some(({ ok }) => !ok)) ended(EXIT.failed);
      } finally {
        await client.connection.close();
      }
    });
}

/** The set-up first: what is wrong with it keeps all else from being looked at. */
async function examine(config: ClientConfig, client: Client, wish: Wish, everyMs: number): Promise<Finding[]> {
  const { GATEHOUSE_TASK_QUEUE: taskQueue } = config.variables;
  const fix = wish.fix === true;
  const setUp = await setUpOf(config, client, fix);
  const isThere = (about: string) => setUp.some((each) => each.about === about && each.ok);
  if (wish.setUp || !isThere('namespace')) return setUp;

  if (wish.watch === 'off') await unwatch(client, taskQueue);
  if (wish.watch === true) await watch(client, { taskQueue, everyMs, fix });
  const watching = await watchOf(client, taskQueue);
  if (!isThere('worker')) {
    const detail = 'runs and leftovers were not looked at: only a worker can';
    return [...setUp, watching, { about: 'survey', ok: false, detail, mend: 'gatehouse up' }];
  }
  say('a worker is looking');
  return [...setUp, watching, ...(await surveyed(client, taskQueue, fix))];
}

const lineOf = ({ about, ok, detail, mend }: Finding): string =>
  `${ok ? pc.green('ok  ') : pc.red('bad ')} ${about}: ${detail}${mend && !ok ? `\n     mend it: ${mend}` : ''}`;
