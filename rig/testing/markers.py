"""The markers of a case, one line each; pytest, the Robot tags and the documentation derive from this table."""

from __future__ import annotations

#: name -> what `pytest --markers` says
MARKERS = {
    "clause": "clause(standard, id): the rule this case judges; at least one, known to rig.criteria",
    "device": "device(role): the device this case examines: meter (when left out), collector, concentrator, local_module, ncc, network",
    "stand": "stand(name=value, ...): how the stand around that device is built, in the words of its role",
    "link": "link(id): the link of the topology this case belongs to, for example K8-C1",
    "criterion": "criterion(id, ...): limits this case judges by, known to rig.criteria",
    "needs": "needs(mean, ...): source, reference, error_calculator, counter, password:N; without them NOT_TESTED",
    "requires": "requires(feature, ...): function:1C, item:00010000, option:relay; not declared: NOT_APPLICABLE",
    "inspection_item": "inspection_item(number, ...): items of the system inspection this case covers, for example 04010",
    "known_bad": "known_bad(defect, ...): defects of the emulated device that this case must fail, name[:parameter]",
    "bench_time": "bench_time(seconds): how long the case takes on a bench in real time",
    "title_zh": "title_zh(text): Chinese title for reports",
}
