import { readFileSync } from 'node:fs';

/** How a secret was given: as the value of a variable, or in a file that the variable's `_FILE` twin names. */
export interface GivenSecret {
  /** The variable, such as `GATEHOUSE_GITEA_TOKEN`. */
  name: string;
  value?: string | undefined;
  file?: string | undefined;
}

/** A secret of the operator's. One in a file may be replaced while we run. It does not show in what is printed. */
export class Secret {
  readonly #given: GivenSecret;
  #current: string;

  /** Throws an error with a line about the variable that is wrong. The line never contains the secret. */
  constructor(given: GivenSecret) {
    const { name, value, file } = given;
    if (value !== undefined && file !== undefined) throw new Error(`${name}_FILE: expected ${name} to be unset`);
    if (value === undefined && file === undefined) throw new Error(`${name}: expected a value, or ${name}_FILE`);
    this.#given = given;
    this.#current = value ?? secretIn(given);
  }

  get current(): string {
    return this.#current;
  }

  /** Reads the file again. Returns whether it has another secret now. */
  renew(): boolean {
    if (this.#given.file === undefined) return false;
    const before = this.#current;
    try {
      this.#current = secretIn(this.#given);
    } catch {
      return false; // It is being replaced. The next refusal reads it again.
    }
    return this.#current !== before;
  }
}

/** Whether a secret is given at all. */
export const isGiven = ({ value, file }: Omit<GivenSecret, 'name'>): boolean =>
  value !== undefined || file !== undefined;

function secretIn({ name, file = '' }: GivenSecret): string {
  const text = textOf(file, name).trim();
  if (text === '') throw new Error(`${name}_FILE: expected a file with a secret; ${file} is empty`);
  return text;
}

function textOf(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (failure) {
    const { code = 'unreadable' } = failure as NodeJS.ErrnoException;
    throw new Error(`${name}_FILE: expected a readable file; ${file} is not (${code})`, { cause: failure });
  }
}
