import { found } from '../../../workflows/contracts/bad-fields.ts';
import { faultLines, readConfiguration, schemas } from '../../../worker/configuration/configuration-file.ts';
import { readConfig } from '../../config.ts';
import type { Called } from '../called.ts';
import { EXIT, Usage } from '../exit-codes.ts';
import { print } from '../output.ts';

type Args = [what: string, file: string | undefined];

export async function config({ args: [what, file], options, json }: Called<Args, { repository?: boolean }>) {
  if (what !== 'check' && what !== 'schema') throw new Usage(`WHAT: expected check or schema, found ${found(what)}`);
  if (what === 'schema' && file !== undefined) throw new Usage(`FILE: expected none with schema, found ${found(file)}`);
  if (what === 'check' && options.repository) throw new Usage('--repository: expected it with schema only');
  return what === 'check' ? check(file, json) : schema(options.repository ? 'repository' : 'configuration');
}

/** Checks the file that is named, or the one that a worker here would read. Secrets are not read. */
function check(named: string | undefined, json: boolean): number {
  const { variables, environment } = readConfig();
  const loaded = readConfiguration({ named: named ?? variables.GATEHOUSE_CONFIG, environment });
  const { file } = loaded;
  if ('faults' in loaded) {
    const { faults } = loaded;
    print(json, { file, ok: false, faults }, () => faultLines(file, faults).join('\n'));
    return EXIT.usage;
  }
  const isThere = loaded.configuration.file !== undefined;
  print(json, { file: isThere ? file : null, ok: true, faults: [] }, () =>
    isThere ? `${file}: ok` : `${file}: there is no such file, and none is needed`,
  );
  return EXIT.done;
}

function schema(of: keyof typeof schemas): number {
  process.stdout.write(`${JSON.stringify(schemas[of](), null, 2)}\n`);
  return EXIT.done;
}
