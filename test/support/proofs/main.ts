// Plays what takes too long, or needs too much, for `npm run check`: `npm run proofs -- [--only NAME,…] [options]`. Ends with
// one line per proof and exit code 0 only if all of them hold.
import { parseArgs } from 'node:util';
import { PROOFS } from './proofs.ts';

const NAMES = Object.keys(PROOFS);

function wishes() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      actions: { type: 'string' },
      seed: { type: 'string' },
      seconds: { type: 'string' },
    },
  });
  const only = (values.only ?? []).flatMap((names) => names.split(','));
  const unknown = only.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: expected some of ${NAMES.join(', ')}`);
  const numbers = { actions: values.actions, seed: values.seed, seconds: values.seconds };
  const given = Object.entries(numbers).filter(([, text]) => text !== undefined);
  const bad = given.find(([, text]) => !/^\d+$/.test(text!));
  if (bad) throw new Error(`--${bad[0]} ${bad[1]}: expected a whole number`);
  return {
    names: only.length > 0 ? NAMES.filter((name) => only.includes(name)) : NAMES,
    scale: Object.fromEntries(given.map(([name, text]) => [name, Number(text)])),
  };
}

async function main(): Promise<number> {
  const { names, scale } = wishes();
  const began = Date.now();
  const say = (text: string) =>
    process.stderr.write(`${String(Math.round((Date.now() - began) / 1_000)).padStart(5)} s  ${text}\n`);
  const lines: string[] = [];
  let broken = 0;
  for (const name of names) {
    say(`${name}: ${PROOFS[name]!.says}`);
    try {
      lines.push(`${name}: ${await PROOFS[name]!.play({ say, ...scale })}`);
    } catch (failure) {
      broken += 1;
      lines.push(`${name}: FAILED: ${(failure as Error).stack}`);
    }
  }
  process.stdout.write(`${lines.join('\n')}\n`);
  return broken === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (failure) {
  process.stderr.write(`${(failure as Error).message}\n`);
  process.exitCode = 2;
}
