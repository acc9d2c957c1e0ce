from bmm.errors import RunError
from bmm.mixing import fit as fitting
from bmm.mixing import sampling
from bmm.mixing.fitted import convergence_of
from bmm.mixing.sampling import Sampled
from bmm.mixing.settings import Mode


def test_free_chains_are_kept_if_the_mode_is_interrupted_in_warm_up(world, fitted, monkeypatch):
    def interrupted(compiled, settings, seed, *, store):
        if seed == 5:
            return Sampled(fitted, False, 0.0, 0.0)
        raise RunError("interrupted during warm-up")

    monkeypatch.setattr(sampling, "sample", interrupted)
    mode = Mode(sigma=[4, 8, 12], sigma_below=20)
    settings = world.settings.model_copy(update={"mode": mode})
    tree = fitting.fit(world.measured, world.theory, world.chart, settings, seed=5)
    assert tree["posterior"].sizes["chain"] == fitted["posterior"].sizes["chain"]
    assert any("interrupted" in each for each in convergence_of(tree).failures)
