import { existsSync } from 'node:fs';
import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Use } from './use.ts';
import { NAMESPACES } from './script.ts';

interface Viewing extends Pick<Use, 'cwd' | 'writable' | 'readable' | 'reads' | 'signIn'> {
  /** The data folder. */
  root: string;
  /** The home of the command, without links. */
  home: string;
  /** The worker's environment. */
  environment: NodeJS.ProcessEnv;
  /** Files that nobody else may read. */
  hidden: readonly string[];
  /** Whether the worker runs as root. */
  asRoot: boolean;
}

/** Folders with what belongs to this machine alone: sockets of its services, files and keys of its people, mail and logs. */
const PRIVATE = [
  ...['/run', '/var/run', '/home', '/root', '/var/log', '/var/spool', '/var/mail', '/var/backups'],
  ...['/etc/ssh', '/etc/ssl/private', '/boot', '/lost+found'],
];
const PRIVATE_FILES = ['/etc/shadow', '/etc/shadow-', '/etc/gshadow', '/etc/gshadow-'];
/** Folders that are too much to hide because of one file in them. */
const SHARED =
  /^\/(?:(?:etc|usr|usr\/local|opt|var|var\/lib|srv|mnt|media|data|home|bin|lib|lib64|sbin)(?:\/ssl|\/ssl\/certs)?)?$/;
/** Through these, root could change the machine even without capabilities. */
const POWERS = [
  '/proc/sys',
  '/proc/sysrq-trigger',
  '/proc/irq',
  '/proc/bus',
  '/proc/fs',
  '/proc/acpi',
  '/proc/pressure',
];

/**
 * The arguments of bubblewrap that say what a command sees: the system to read, without what is private, and its own folders.
 * Later arguments cover earlier ones.
 */
export async function viewOf(viewing: Viewing): Promise<string[]> {
  const { root, home, environment, asRoot, cwd, reads = false, writable = [], readable = [], signIn = [] } = viewing;
  const operator = [...new Set([homedir(), environment['HOME'] ?? homedir()])];
  const needed = await neededBy(environment);
  const secret = await secretsIn(viewing, needed);
  const folders = await existing([...PRIVATE, ...operator, root, ...secret.folders]);
  const hides = (place: string) => folders.some((folder) => isWithin(place, folder));
  // What is needed may contain what is hidden, such as a data folder within our own.
  const bound = needed.filter((place) => hides(place) || isWithin(place, '/tmp'));
  const again = folders.filter((folder) => bound.some((place) => place !== folder && isWithin(folder, place)));
  const shows = (place: string) =>
    !again.some((folder) => isWithin(place, folder)) &&
    (!hides(place) || bound.some((folder) => isWithin(place, folder)));
  const tree = await realpath(cwd);
  const changed = [...(reads ? [] : [tree]), home, ...(await existing(writable))];
  const read = [...(reads ? [tree] : []), ...(await existing(readable)), ...(await mirrorsOf(tree, root))];
  return [
    ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'],
    ...POWERS.filter((place) => asRoot && existsSync(place)).flatMap((place) => ['--ro-bind', place, place]),
    ...['/tmp', '/var/tmp'].filter((place) => existsSync(place)).flatMap((place) => ['--tmpfs', place]),
    ...outermost(folders).flatMap((folder) => ['--tmpfs', folder]),
    ...bound.flatMap((place) => ['--ro-bind', place, place]),
    ...outermost(again).flatMap((folder) => ['--tmpfs', folder]),
    ...[...secret.files, ...PRIVATE_FILES].flatMap((file) => (existsSync(file) && shows(file) ? hidden(file) : [])),
    ...read.flatMap((place) => ['--ro-bind', place, place]),
    ...changed.flatMap((place) => ['--bind', place, place]),
    ...(await signedIn(signIn, operator, home)),
    ...(asRoot ? ['--bind', '/proc/sys/user/max_user_namespaces', NAMESPACES] : []),
    ...[...outermost(folders), ...outermost(again)].flatMap((folder) => ['--remount-ro', folder]),
  ];
}

const hidden = (file: string): string[] => ['--ro-bind', '/dev/null', file];

/** Folders of programs on `PATH`, with their libraries, Node's, and those of our own code: they may be in a hidden folder. */
async function neededBy({ PATH = '' }: NodeJS.ProcessEnv): Promise<string[]> {
  const onPath = PATH.split(':').filter((folder) => path.isAbsolute(folder));
  const beside = [...onPath, path.dirname(process.execPath)].flatMap((folder) => [
    folder,
    ...(path.basename(folder) === 'bin' ? [path.join(path.dirname(folder), 'lib')] : []),
  ]);
  return existing([...beside, ...ownFolders()]);
}

/** The folder of our package, and the one of the packages that it is among. */
function ownFolders(): string[] {
  const here = path.dirname(fileURLToPath(import.meta.url));
  let folder = here;
  while (folder !== '/' && !existsSync(path.join(folder, 'package.json'))) folder = path.dirname(folder);
  const among = /^.*\/node_modules(?=\/)/.exec(folder)?.[0];
  return [folder === '/' ? here : folder, ...(among === undefined ? [] : [among])];
}

/** Files with secrets are hidden with their whole folder, because they may be replaced. In a shared folder, only the file is. */
async function secretsIn({ hidden, environment }: Viewing, needed: readonly string[]) {
  const named = Object.entries(environment).flatMap(([name, value]) => (value && isSecretFile(name) ? [value] : []));
  const settings = [process.cwd(), ...ownFolders()].map((folder) => path.join(folder, '.env'));
  const all = [...hidden, ...named, ...settings].map((file) => path.resolve(file));
  const files = [...new Set([...all, ...(await existing(all))])].filter((file) => existsSync(file));
  const keeps = (folder: string) =>
    SHARED.test(folder) || isWithin(process.cwd(), folder) || needed.some((place) => isWithin(place, folder));
  const folders = files.map((file) => path.dirname(file)).filter((folder) => !keeps(folder));
  return { files: await filesOf(files), folders };
}

const filesOf = async (files: readonly string[]): Promise<string[]> => {
  const real = await existing(files);
  const kinds = await Promise.all(real.map((file) => stat(file)));
  return real.filter((_, index) => kinds[index]!.isFile());
};

/** Variables that name a file with a secret: ours, Temporal's, PostgreSQL's, and whatever ends in `_FILE`, but certificates. */
const isSecretFile = (name: string): boolean =>
  /^TEMPORAL_.*(?:_PATH|_FILE)$|^PGPASSFILE$/.test(name) || (/_FILE$/.test(name) && !/CERT|_CA_/.test(name));

/** The mirrors whose objects a checkout shares. Our git wrote their names before anything of the repository ran in it. */
async function mirrorsOf(tree: string, root: string): Promise<string[]> {
  const git = path.join(tree, '.git');
  const modules = await readdir(path.join(git, 'modules'), { recursive: true }).catch((): string[] => []);
  const stores = [
    '',
    ...modules.filter((name) => name.endsWith('objects')).map((name) => path.join('modules', path.dirname(name))),
  ];
  const texts = stores.map((store) =>
    readFile(path.join(git, store, 'objects/info/alternates'), 'utf8').catch(() => ''),
  );
  const lines = (await Promise.all(texts)).flatMap((text) => text.split('\n')).filter((line) => path.isAbsolute(line));
  const kept = await realpath(path.join(root, 'repositories')).catch(() => undefined);
  const mirrors = await existing(lines.map((line) => path.dirname(line)));
  return mirrors.filter((mirror) => kept !== undefined && mirror !== kept && isWithin(mirror, kept));
}

/** Sign-in files of the operator that exist. A link within the command's home could lead a mount elsewhere. */
async function signedIn(names: readonly string[], operator: readonly string[], home: string): Promise<string[]> {
  const bound: string[] = [];
  for (const name of names) {
    const from = operator.map((each) => path.join(each, name)).find((file) => existsSync(file));
    if (from !== undefined && (await isPlain(home, path.dirname(name)))) {
      bound.push('--ro-bind', from, path.join(home, name));
    }
  }
  return bound;
}

async function isPlain(home: string, folder: string): Promise<boolean> {
  let place = home;
  for (const part of folder.split('/').filter((each) => each !== '.')) {
    place = path.join(place, part);
    const found = await lstat(place).catch(() => undefined);
    if (found === undefined) return true;
    if (!found.isDirectory()) return false;
  }
  return true;
}

/** Where the machine's files are that a command gets in another form, without links. */
export async function filesHere(): Promise<{ resolv: string; passwd: string | undefined }> {
  const [resolv = '/etc/resolv.conf'] = await existing(['/etc/resolv.conf']);
  const [passwd] = await existing(['/etc/passwd']);
  return { resolv, passwd };
}

/** Those that exist, without links, each once. */
async function existing(places: readonly string[]): Promise<string[]> {
  const real = await Promise.all(places.map((place) => realpath(place).catch(() => undefined)));
  return [...new Set(real.filter((place) => place !== undefined && place !== '/'))] as string[];
}

const isWithin = (place: string, folder: string): boolean => place === folder || place.startsWith(`${folder}/`);

/** Those that are not within another one. */
const outermost = (folders: readonly string[]): string[] =>
  folders.filter((folder) => !folders.some((other) => other !== folder && isWithin(folder, other)));
