"""The verbs of the command line as one table: what they are for, which module does them, what they take."""

from dataclasses import dataclass

USAGE = """fastheur judges programmatic policies fast and honestly, in batches, on EnvPool.

  fastheur eval env=atari/breakout obs=ram      play a policy and score it (-m sweeps over lists: env=a,b params.x=1,2)
  fastheur race env=CartPole-v1 params.x=1,2,3  play candidates on the same episodes, drop the clearly worse ones early
  fastheur check FILE [env=TASK]                does this policy keep the contract? with a short timing
  fastheur new NAME env=TASK [obs=MODE]         a commented start for a Heuristic System
  fastheur list                                 tasks, shipped policies and their best scores
  fastheur export RUN [format=parquet|csv|jsonl]  a run's tables (trials, episodes, versions ...) as files, to analyse
  fastheur ledger export [out=FOLDER]           trials.jsonl and summary.csv from the ledger; format=full: all of it
  fastheur ledger check [ledger=FILE|RUN]       is a ledger sound? repair=true mends it; `ledger import` reads a full export
  fastheur lab RUN OPERATION [VALUE ...]        one operation of a run's Lab: brief, probe, trial, search, trace, note ...
  fastheur mcp run=RUN                          a run's Lab over standard input and output, for a user's own agent
  fastheur learn env=atari/breakout start=FILE  an agent improves a policy within a budget; resume=RUN goes on
  fastheur runs | show RUN | diff RUN v3 v7     what was learnt, what was tried, what an edit changed
  fastheur replay RUN trial=17 episode=worst    an episode played again and checked: video, contact sheet, step table
  fastheur report RUN [RUN ...] [out=FOLDER]    what happened, as pages that open in a browser without a server
  fastheur suite atari57 [obs=ram]              all games as one figure: medians against frames; verify=true plays them again
  fastheur bench                                throughput beside bare EnvPool, raw simulators and other libraries
  fastheur doctor                               versions, cores, compiler, simulators: what works here
  fastheur demo                                 Breakout and Pong on both protocols
  fastheur resident start|stop|status           a process that keeps the libraries loaded; FASTHEUR_RESIDENT=1 uses it

`fastheur VERB --help` shows a verb's settings. Exit codes: 0 done, 1 internal error, 2 bad input, 130 interrupted."""


@dataclass(frozen=True)
class Verb:
    """A verb: the module that does it, and the names of its positional arguments, the last with `` ...`` where it takes several.

    ``plain``: it reads all words itself.
    """

    module: str
    positionals: tuple[str, ...] = ()
    plain: bool = False


VERBS = {
    "eval": Verb("fastheur.commands.eval"),
    "race": Verb("fastheur.commands.race"),
    "check": Verb("fastheur.commands.check", ("FILE",)),
    "new": Verb("fastheur.commands.new", ("NAME",)),
    "list": Verb("fastheur.commands.list"),
    "ledger": Verb("fastheur.commands.ledger", ("ACTION",)),
    "bench": Verb("fastheur.commands.bench"),
    "doctor": Verb("fastheur.commands.doctor"),
    "demo": Verb("fastheur.commands.demo"),
    "learn": Verb("fastheur.commands.learn"),
    "runs": Verb("fastheur.commands.runs"),
    "show": Verb("fastheur.commands.show", ("RUN",)),
    "diff": Verb("fastheur.commands.diff", ("RUN", "OLD", "NEW")),
    "replay": Verb("fastheur.commands.replay", ("RUN",)),
    "export": Verb("fastheur.commands.export", ("RUN",)),
    "report": Verb("fastheur.commands.report", ("RUN ...",)),
    "suite": Verb("fastheur.commands.suite", ("NAME",)),
    "lab": Verb("fastheur.commands.lab", plain=True),
    "mcp": Verb("fastheur.commands.mcp"),
    "resident": Verb("fastheur.commands.resident", ("ACTION",)),
}
