import type { Command } from 'commander';
import { badFields } from '../../workflows/contracts/bad-fields.ts';
import { RunInput } from '../../workflows/gates/index.ts';
import { InvalidInput } from '../errors.ts';
import { Script } from '../offline/script.ts';
import type { Simulated } from '../offline/simulate.ts';
import { isJson } from './context.ts';
import { jsonFileOf } from './files.ts';
import type { Ended } from './main.ts';
import { print, say, tell } from './output.ts';
import { Story } from './story.ts';

/** Walks a pipeline without a server, a worker or a repository: the same workflow code, against a scripted world. */
export function addSimulate(program: Command, ended: Ended): void {
  const command = program.command('simulate').description('Plays a run against a scripted world, in virtual time.');
  command
    .requiredOption('--file <path>', 'a start input as JSON')
    .option('--script <path>', 'how the world differs from one where all goes well, as JSON')
    .action(async ({ file, script: path }: { file: string; script?: string }) => {
      const wish = await jsonFileOf('--file', file);
      const { data: input, error } = RunInput.safeParse(wish);
      if (!input) throw new InvalidInput(badFields(error, wish));
      const scripted = path === undefined ? {} : await jsonFileOf('--script', path);
      const script = Script.safeParse(scripted);
      if (!script.data) throw new InvalidInput(badFields(script.error, scripted));

      // Bundling the workflow code takes a moment, and only this command needs what does it.
      const { simulate } = await import('../offline/simulate.ts');
      const json = isJson(command);
      let at = 0;
      const story = new Story({ address: '', environment: {}, simulated: true }, (line) =>
        json ? say(`${clock(at)}  ${line}`) : tell(json, `${clock(at)}  ${line}`, {}),
      );
      const played = await simulate(wish, input, script.data, ({ run, log, minutes }) => {
        at = minutes;
        story.tell(run, log);
      });
      print(json, played, (each) => each.map(endOf).join('\n'));
      ended(played.every(({ end }) => 'result' in end) ? 0 : 1);
    });
}

const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

function endOf({ workflowId, end, minutes }: Simulated): string {
  const how =
    'result' in end
      ? (end.result.outcome ?? end.result.health)
      : 'failure' in end
        ? `failed: ${end.failure.type}: ${end.failure.message}`
        : 'cancelled' in end
          ? 'stopped'
          : 'not finished: it waits for what the script does not say';
  return `${workflowId} ended after ${minutes} minutes: ${how}`;
}
