import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { createFile } from './disk.ts';
import { hashOf } from './folders.ts';
import { writeFileAtomically } from './records.ts';

const COMPLETE = 'complete';

/**
 * Lists the unfinished things of one kind by name, so that nobody has to search all things that ever existed. A thing is
 * listed before it begins, and leaves the list when it has ended and everything of it is removed.
 */
export class Unfinished {
  private complete = false;

  /** `earlier` finds things that older versions began without listing them. It is called once per data folder. */
  constructor(
    private readonly folder: string,
    private readonly earlier: () => Promise<string[]>,
  ) {}

  async add(name: string): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await createFile(this.fileOf(name), name).catch((failure: NodeJS.ErrnoException) => {
      if (failure.code !== 'EEXIST') throw failure;
    });
  }

  async remove(name: string): Promise<void> {
    await rm(this.fileOf(name), { force: true });
  }

  async list(): Promise<string[]> {
    if (!this.complete) await this.takeIn();
    const files = (await readdir(this.folder)).filter((file) => file !== COMPLETE);
    const read = (file: string) => readFile(path.join(this.folder, file), 'utf8').catch(() => '');
    return (await Promise.all(files.map(read))).filter((name) => name !== '');
  }

  private async takeIn(): Promise<void> {
    const names = await readdir(this.folder).catch((): string[] => []);
    if (!names.includes(COMPLETE)) {
      for (const name of await this.earlier()) await this.add(name);
      await writeFileAtomically(path.join(this.folder, COMPLETE), '');
    }
    this.complete = true;
  }

  private fileOf = (name: string): string => path.join(this.folder, hashOf(name).slice(0, 32));
}
