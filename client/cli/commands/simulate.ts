import { badFields } from '../../../workflows/contracts/bad-fields.ts';
import { RunInput } from '../../../workflows/gates/index.ts';
import { InvalidInput } from '../../errors.ts';
import { Script } from '../../offline/script.ts';
import type { Simulated } from '../../offline/simulate.ts';
import type { Called } from '../called.ts';
import { EXIT } from '../exit-codes.ts';
import { jsonFileOf } from '../files.ts';
import { print, say, tell } from '../output.ts';
import { Story } from '../texts/story.ts';

type Simulating = Called<[], { file: string; script?: string }>;

/** Simulates a run with the real workflow code and scripted services, without a server, a worker or a repository. */
export async function simulate({ options: { file, script: path }, json }: Simulating): Promise<number> {
  const wish = await jsonFileOf('--file', file);
  const { data: input, error } = RunInput.safeParse(wish);
  if (!input) throw new InvalidInput(badFields(error, wish));
  const scripted = path === undefined ? {} : await jsonFileOf('--script', path);
  const script = Script.safeParse(scripted);
  if (!script.data) throw new InvalidInput(badFields(script.error, scripted));

  // The SDK's worker is loaded only after the input has been validated, because loading it is slow.
  const { simulate: play } = await import('../../offline/simulate.ts');
  let at = 0;
  const story = new Story({ address: '', environment: {}, simulated: true }, (line) =>
    json ? say(`${clock(at)}  ${line}`) : tell(json, `${clock(at)}  ${line}`, {}),
  );
  const played = await play(wish, input, script.data, ({ run, log, minutes }) => {
    at = minutes;
    story.tell(run, log);
  });
  print(json, played, (each) => each.map(endOf).join('\n'));
  return played.every(({ end }) => 'result' in end) ? EXIT.done : EXIT.failed;
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
          : 'not finished: it waits for something that the script does not contain';
  return `${workflowId} ended after ${minutes} minutes: ${how}`;
}
