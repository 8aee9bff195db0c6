import { createTransport } from 'nodemailer';

/** Time limits, in milliseconds: to connect, for the greeting, and between two answers. */
const LIMITS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 };

/**
 * The mail server at an address. A user and a password in it are only sent over TLS: with `smtp:`, the server must offer
 * STARTTLS, unless it is this machine.
 */
export function transportTo(server: string) {
  const { hostname, username } = new URL(server);
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  const requireTLS = username !== '' && !isHere;
  return createTransport({ url: server, ...LIMITS, requireTLS, disableFileAccess: true, disableUrlAccess: true });
}

/** Connects and signs in. Returns why that fails, without the password. */
export async function verify(server: string): Promise<string | undefined> {
  const transport = transportTo(server);
  try {
    await transport.verify();
    return undefined;
  } catch (failure) {
    return because(failure);
  } finally {
    transport.close();
  }
}

/** What a mail server or the network has said, in one line. It names neither the user nor the password. */
export function because(failure: unknown): string {
  const { responseCode, code, command } = failure as { responseCode?: number; code?: string; command?: string };
  if (responseCode !== undefined)
    return `the mail server answers ${responseCode}${command ? ` to ${command.split(' ')[0]}` : ''}`;
  return `the mail server cannot be used (${code ?? 'no answer'})`;
}
