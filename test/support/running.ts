import { program } from './programs.ts';

/** The command lines of all processes that name this place, except for the removal of trash. */
export async function running(place: string): Promise<string[]> {
  const { stdout } = await program('ps', ['-eo', 'args=']);
  return stdout.split('\n').filter((line) => line.includes(place) && !/^rm -rf -- .*\/trash\//.test(line));
}
