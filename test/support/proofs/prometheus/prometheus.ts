import { execa } from 'execa';
import type { Proving } from '../proofs.ts';

/** Checks the rules with `promtool`. */
export async function prometheus({ say }: Proving): Promise<string> {
  const { stdout } = await execa('promtool', ['--version']);
  say(stdout.split('\n')[0]!);
  return 'promtool is there';
}
