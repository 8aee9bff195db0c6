import { readConfig } from '../../config.ts';
import { startStack } from '../../local-stack/stack.ts';
import type { Called } from '../called.ts';
import { doorBeside } from '../door-beside.ts';
import { EXIT } from '../exit-codes.ts';
import { print, say } from '../output.ts';
import { stopped, untilStopped } from '../stopping.ts';

export async function up({ json }: Called): Promise<number> {
  const config = readConfig();
  const running = await untilStopped((stop) => startStack(config, say, stop));
  if (!running) return EXIT.done;
  const { stop, reload, workerPid, ...stack } = running.stack;
  void reload; // SIGHUP calls it
  const door = await doorBeside(config);
  const signInUrl = door?.signInUrl;
  const shown = { ...stack, ...(door && { httpUrl: door.url }), ...(signInUrl && { signInUrl }) };
  const stopAll = async () => {
    await door?.close();
    return stop();
  };
  print(json, { ...shown, workerPid: workerPid() }, () =>
    [
      `gatehouse is up at ${shown.address}`,
      shown.uiUrl && `Web UI: ${shown.uiUrl}`,
      shown.temporalPath && `temporal: ${shown.temporalPath}`,
      shown.httpUrl && `HTTP door: ${shown.httpUrl}`,
      shown.signInUrl && `sign in once: ${shown.signInUrl}`,
      shown.codecEndpoint && `codec server: ${shown.codecEndpoint}`,
      'Press Ctrl-C once to stop it cleanly.',
    ]
      .filter(Boolean)
      .join('\n'),
  );
  await running.interrupted;
  return (await stopped({ stop: stopAll })) ? EXIT.done : EXIT.failed;
}
