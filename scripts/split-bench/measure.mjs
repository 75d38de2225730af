import { spawn } from "node:child_process";

const TELL_NODE = `data:text/javascript,process.on("exit",()=>{const{userCPUTime:u,systemCPUTime:s,maxRSS:m}=process.resourceUsage();process.stderr.write("\\nmeasured "+(u+s)/1e6+" "+m/1024+"\\n")})`;
const TELL_PYTHON = `
import atexit, resource, runpy, sys
def tell():
    used = resource.getrusage(resource.RUSAGE_SELF)
    print("\\nmeasured", used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, file=sys.stderr)
atexit.register(tell)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")`;

/** Runs a script with Node: seconds by the clock and of all cores together, peak resident memory. */
export function measureNode(script, args) {
  return measure(process.execPath, ["--import", TELL_NODE, script, ...args]);
}

/** The same with Python. */
export function measurePython(python, script, args, env) {
  return measure(python, ["-c", TELL_PYTHON, script, ...args], env);
}

function measure(command, args, env = {}) {
  return new Promise((resolve, reject) => {
    const start = process.hrtime.bigint();
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let told = "";
    child.stderr.on("data", (chunk) => {
      told += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      const [, cpuSeconds, megabytes] = /^measured (\S+) (\S+)$/m.exec(told) ?? [];
      if (code !== 0) return reject(new Error(`${command} ${args.join(" ")}\nended with ${code}\n${told}`));
      resolve({
        seconds: Number(process.hrtime.bigint() - start) / 1e9,
        cpuSeconds: Number(cpuSeconds),
        peakMegabytes: Math.round(Number(megabytes)),
      });
    });
  });
}

/** Of several runs: the median of each figure, and all times. */
export function summarize(runs) {
  const middle = (key) => runs.map((run) => run[key]).sort((a, b) => a - b)[Math.floor(runs.length / 2)];
  return {
    seconds: middle("seconds"),
    cpuSeconds: middle("cpuSeconds"),
    peakMegabytes: Math.max(...runs.map((run) => run.peakMegabytes)),
    all: runs.map((run) => run.seconds.toFixed(1)).join(", "),
  };
}
