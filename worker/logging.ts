import { type LogLevel, type LogMetadata, type Logger, Runtime } from '@temporalio/worker';
import { pino, type Logger as Pino } from 'pino';

/**
 * The log of our code and the SDK. It is JSON on standard error, because standard output is for results. `metricsPort`: where
 * the SDK serves its metrics on this machine.
 */
export function openLog(level: string, metricsPort?: number): Pino {
  const log = pino({ level, base: { name: 'gatehouse' } }, pino.destination({ dest: 2, sync: true }));
  Runtime.install({
    logger: new SdkLog(log),
    shutdownSignals: [], // we stop our workers ourselves, one after the other
    telemetryOptions: {
      logging: { forward: {}, filter: filterFor(level) },
      ...(metricsPort !== undefined && {
        metrics: { prometheus: { bindAddress: `127.0.0.1:${metricsPort}`, useSecondsForDurations: true } },
      }),
    },
  });
  return log;
}

/** Temporal's core logs a lot. Only its warnings are passed on. */
const filterFor = (level: string) => ({ core: level === 'debug' ? ('INFO' as const) : ('WARN' as const) });

/** What the SDK warns of although it is meant: the worker for questions about what runs here has no workflows. */
const MEANT = /^No workflows registered/;

class SdkLog implements Logger {
  constructor(private readonly to: Pino) {}

  log(level: LogLevel, message: string, { error, ...meta }: LogMetadata & { error?: unknown } = {}): void {
    if (MEANT.test(message)) return;
    const method = ({ TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const)[level];
    this.to[method]({ ...meta, ...(error !== undefined && { err: error }) }, message);
  }
  trace = (message: string, meta?: LogMetadata) => this.log('TRACE', message, meta);
  debug = (message: string, meta?: LogMetadata) => this.log('DEBUG', message, meta);
  info = (message: string, meta?: LogMetadata) => this.log('INFO', message, meta);
  warn = (message: string, meta?: LogMetadata) => this.log('WARN', message, meta);
  error = (message: string, meta?: LogMetadata) => this.log('ERROR', message, meta);
}
