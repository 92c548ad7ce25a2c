"""Planning with the simulator's own model: what a policy that looks ahead may use.

A planning policy is a *batch* policy. For ``n`` environments, ``K`` candidate plans each and a horizon of ``H`` env steps:

1. :class:`Model` makes MuJoCo states of what the observations tell (:meth:`Model.observe`);
2. plans are proposed: the last plan moved on by a step (:func:`shift`), with smooth noise on it (:class:`Noise`), or a
   gait's torques with residuals on them (:meth:`Model.follow`);
3. :meth:`Model.rollout` plays all ``n * K`` plans in one call to MuJoCo's threaded rollout;
4. a value function of the policy's own, compiled (:func:`scorer`), says what each is worth;
5. the plans are merged: the best one (:func:`best`), an average weighted by value (:func:`softmax`, MPPI), or the mean
   of an elite (:func:`elite`, :func:`top`; the cross-entropy method).

:class:`MPC` is these five put together in the usual way, sixty lines that are meant to be replaced piece by piece. Where sampling
finds little, :class:`ILQR` plans by derivatives.

:class:`ILQR` plans by derivatives in place of candidates, which is what robots with many joints want: it linearises the motion
around its plan, and finds a better plan with feedback on it.

The model is the very XML that EnvPool loads, in the same version of MuJoCo. Model steps (one ``mj_step`` each) are counted
apart from env steps and are shown with every score.
"""

from fastheur.planner.ilqr import ILQR
from fastheur.planner.merging import best, elite, softmax, top
from fastheur.planner.model import Futures, Model
from fastheur.planner.mpc import MPC
from fastheur.planner.plans import Noise, shift
from fastheur.planner.rollouts import prepare
from fastheur.planner.values import scorer

__all__ = ["ILQR", "MPC", "Futures", "Model", "Noise", "best", "elite", "prepare", "scorer", "shift", "softmax", "top"]
