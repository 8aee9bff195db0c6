import { readConfig } from '../../../config.ts';
import type { Called } from '../../called.ts';
import { Usage } from '../../exit-codes.ts';
import { print, say } from '../../output.ts';

/** Runs the HTTP door in the foreground. */
export async function serve({ json }: Called): Promise<void> {
  const config = readConfig();
  if (config.variables.GATEHOUSE_HTTP_PORT === 'off')
    throw new Usage('GATEHOUSE_HTTP_PORT: expected a port, found off');
  const { serveDoor } = await import('../../../http/serving.ts');
  const door = await serveDoor(config, { exact: true });
  print(json, { url: door.url }, () => `The HTTP door is at ${door.url}. Press Ctrl-C once to close it cleanly.`);
  const reload = () => door.reload().forEach((line) => say(line));
  process.on('SIGHUP', reload);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  process.off('SIGHUP', reload);
  await door.close();
}
