"""What single forecasts cost: python benchmarks/forecast_costs.py.

Time, memory and bytes of one forecast of each kind of method, on the first split of the shipped
comparison blind-ame2003, each in a process of its own with one thread.  The plan of
docs/explanation/study-on-a-cluster.md is made of these.
"""

import multiprocessing
import os
import pickle
import resource

from bmm.execution.threads import environment
from bmm.methods.forecasting import make_forecast
from bmm.nuclides import nuclide_index, numbers
from bmm.theory.adapters import predict_all
from bmm.workflows.compare_config import load_comparison
from bmm.workflows.inputs import chosen_cards, fitted_models

LABELS = (
    "equal-weights",
    "stacking",
    "FRDM2012, corrected",
    "corrected-mixture",
    "forecast",
    "local-density-mixture",
)


def measure(method, training, test, theory, seed, answer):
    """Make a forecast; answer with its seconds, bytes, and the most memory of this process."""
    made = make_forecast(method, training, test, theory, seed)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    answer.put((made.seconds, len(pickle.dumps(made)), most))


def main():
    """Measure, and print."""
    os.environ.update(environment(1))
    config = load_comparison("blind-ame2003")
    split = config.split.splits(config.seed)[0]
    fitted = fitted_models(chosen_cards(config.theory), split.training)
    nuclei = split.training.index.union(split.test.index).sort_values()
    theory = predict_all(fitted, nuclide_index(*numbers(nuclei)))
    print(f"{len(split.training)} training and {len(split.test)} test nuclei, "
          f"{theory.sizes['theory']} models")  # fmt: skip
    context = multiprocessing.get_context("spawn")
    methods = {method.label: method for method in config.methods}
    for method in (methods[label] for label in LABELS):
        arguments = method, split.training, split.test.index, theory, config.seed
        answer = context.Queue()
        process = context.Process(target=measure, args=(*arguments, answer))
        process.start()
        seconds, size, most = answer.get()
        process.join()
        asked = method.memory(theory.sizes["nucleus"], theory.sizes["theory"])
        print(f"{method.label}: {seconds:.1f} s, sent {len(pickle.dumps(arguments)) / 1e6:.2f} MB, "
              f"result {size / 1e6:.2f} MB, memory {most / 1e9:.1f} GB of {asked:.1f} asked; "
              f"load of the machine {os.getloadavg()[0]:.1f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
