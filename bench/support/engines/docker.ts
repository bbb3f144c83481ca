import { spawnSync } from 'node:child_process';
import { CONTEXT, DOCKERFILE, type Engine, FUNCTION_USER } from './engine.ts';
import { quietly, succeeds } from './programs.ts';

/** Another base image than the one that deploy/Dockerfile names. */
const NODE_IMAGE = process.env.BYOI_NODE_IMAGE;

/** Descriptors and processes as a Fn server was seen to allow. */
const CONFINED = [
  ...['--user', `${FUNCTION_USER}:${FUNCTION_USER}`, '--read-only', '--tmpfs', '/tmp', '--network', 'host'],
  ...[
    '--cap-drop',
    'ALL',
    '--security-opt',
    'no-new-privileges',
    '--ulimit',
    'nofile=350',
    '--pids-limit',
    '50',
  ],
];

/** Undefined where no engine answers. */
export function docker(): Engine | undefined {
  if (!succeeds('docker', 'info')) return undefined;
  const tag = (functionName: string) => `byoi-test/${functionName}`;
  const container = `byoi-test-${process.pid}`;
  const built: string[] = [];
  return {
    name: `Docker, ${NODE_IMAGE ?? 'the base image of the Dockerfile'}`,
    build(functionName) {
      const base = NODE_IMAGE ? ['--build-arg', `NODE_IMAGE=${NODE_IMAGE}`] : [];
      quietly('docker', [
        ...['build', '--platform', 'linux/amd64', '-f', DOCKERFILE, ...base],
        ...['--build-arg', `FUNCTION=${functionName}`, '-t', tag(functionName), CONTEXT],
      ]);
      built.push(tag(functionName));
      return JSON.parse(
        quietly('docker', ['inspect', '--format', '{{json .Config.Entrypoint}}', tag(functionName)]),
      );
    },
    run(functionName, { program: [program = '', ...rest], folder, limits, variables }) {
      const memory = `${limits.memoryMB}m`;
      return [
        ...['docker', 'run', '--rm', '--name', container, ...CONFINED, '--volume', `${folder}:${folder}`],
        ...['--memory', memory, '--memory-swap', memory, '--cpus', String(limits.cpuMillis / 1000)],
        ...variables.flatMap((name) => ['--env', name]),
        ...['--entrypoint', program, tag(functionName), ...rest],
      ];
    },
    stop: () => void spawnSync('docker', ['kill', container], { stdio: 'ignore' }),
    remove: () => void spawnSync('docker', ['rmi', '--force', ...built], { stdio: 'ignore' }),
  };
}
