import { readConfig } from '../../config.ts';
import { startStack } from '../../local-stack/stack.ts';
import type { Called } from '../called.ts';
import { EXIT } from '../exit-codes.ts';
import { print, say } from '../output.ts';
import { stopped, untilStopped } from '../stopping.ts';

export async function up({ json }: Called): Promise<number> {
  const running = await untilStopped((stop) => startStack(readConfig(), say, stop));
  if (!running) return EXIT.done;
  const { stop, reload, workerPid, ...shown } = running.stack;
  void reload; // SIGHUP calls it
  print(json, { ...shown, workerPid: workerPid() }, () =>
    [
      `gatehouse is up at ${shown.address}`,
      shown.uiUrl && `Web UI: ${shown.uiUrl}`,
      shown.temporalPath && `temporal: ${shown.temporalPath}`,
      shown.codecEndpoint && `codec server: ${shown.codecEndpoint}`,
      'Press Ctrl-C once to stop it cleanly.',
    ]
      .filter(Boolean)
      .join('\n'),
  );
  await running.interrupted;
  return (await stopped({ stop })) ? EXIT.done : EXIT.failed;
}
