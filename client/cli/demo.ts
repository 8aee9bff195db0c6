import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { connect } from '../connection.ts';
import { playSample } from '../local-stack/demo.ts';
import { startStack } from '../local-stack/stack.ts';
import { Runs } from '../runs.ts';
import { EXIT } from './exit-codes.ts';
import type { Ended } from './main.ts';
import { say } from './output.ts';
import { untilStopped } from './up.ts';

/** What `npm start` runs: the local stack, and the main job on the sample shop. */
export function addDemo(program: Command, ended: Ended): void {
  const demo = program.command('demo').description('The local stack, and the whole story on the sample shop.');
  demo
    .option('--unattended', 'a scripted person tries the change, and the command ends with the run')
    .action(async ({ unattended }: { unattended?: boolean }) => {
      const config = readConfig();
      const up = await untilStopped((stop) => startStack(config, say, stop));
      if (!up) return;
      const client = await connect(config);
      const runs = new Runs(client, config.variables.GATEHOUSE_TASK_QUEUE);
      try {
        const told = await playSample({
          config,
          runs,
          stack: up.stack,
          signal: up.signal,
          unattended: unattended === true,
        });
        if (unattended) return ended(told.ok ? 0 : 1);
        if (!up.signal.aborted) say('The stack goes on serving. One Ctrl-C ends it in order.');
        await up.interrupted;
      } finally {
        await client.connection.close();
        say('stopping: the worker first, the server last');
        const inOrder = await up.stack.stop();
        say(inOrder ? 'stopped' : 'stopped, but not all of it: see above');
        if (!inOrder) ended(EXIT.failed);
      }
    });
}
