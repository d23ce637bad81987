"""Typical wrong answers: for each blank (old in the solution, new, what the mark must say)."""

WRONG = {
    "affine_forward": [
        ("x @ W + b", "x @ W", "b is not added"),
        ("x @ W + b", "(W.T @ x.T).T - b", "b is subtracted"),
        ("return x @ W + b", "y = x @ W + b", "None.*return"),
    ],
    "affine_backward": [
        ("gy @ W.T", "gy @ W", "raises ValueError in `gx = gy @ W .*gy .5, 3., W .4, 3."),
        ("x.T @ gy ", "gy.T @ x ", "gW: it is transposed"),
        ("gy.sum(0)", "gy.mean(0)", "gb: it is averaged over the rows"),
        ("x.T @ gy ", "x.T @ gy / len(x) ", "gW: it is averaged over the rows"),
        ("return gx, gW, gb", "return gW, gx, gb", "gx has shape"),
        ("gx, gW, gb\n", "gx, gW\n", "should return 3 arrays"),
    ],
    "central_difference": [
        ("(f(x + step) - f(x - step)) / (2 * eps)", "(f(x + step) - f(x)) / eps", "forward diff"),
        ("(2 * eps)", "eps", "twice too large"),
        ("step = np.zeros(len(x))", "step = x", "changes its argument x"),
    ],
    "complex_step": [
        ("gradient = np.zeros(len(x))", "return f(x + 1j * h).imag / h", "moved at once"),
        (".imag / h", ".real / h", "this is the real part"),
        (".imag / h", ".imag", "divide by h"),
        ("moved[i] += 1j * h", "moved += 1j * h", "moved at once"),
        ("moved[i] += 1j * h", "moved[i] += h", "the step was lost"),
        ("1j * h", "1e-30j", "h = 0.1"),
        ("x.astype(complex)", "x.copy()", "can hold it"),
    ],
    "relu_backward": [
        ("x > 0", "gy > 0", "sign of gy"),
        ("x > 0", "x >= 0", "at x = 0"),
        ("gy * (x > 0)", "np.maximum(gy, 0) * (x > 0)", "may be negative"),
        ("gy * (x > 0)", "(x > 0)", "mask alone"),
    ],
    "MySigmoid": [
        ("gy * t.y * (1 - t.y)", "gy * t.x * (1 - t.x)", "σ′ is y"),
        ("gy * t.y * (1 - t.y)", "t.y * (1 - t.y)", "multiply it by gy"),
        ("np.exp(-x)", "np.exp(x)", "the sign in the exponent"),
    ],
    "MyMaxout": [
        ("t.gx[:, n:] = gy * ~first", "t.gx[:, n:] = gy", "wrong|is "),
        ("t.x[:, :n] >= t.x[:, n:]", "t.x[:, :n] > t.x[:, n:]", "last piece gets"),
        (
            "t.gx[:, n:] = gy * ~first",
            "t.gx[:, n:] = gy * (t.x[:, n:] >= t.x[:, :n])",
            "both pieces",
        ),
        ("t.x[:, :n] >= t.x[:, n:]", "t.x[:, :n] < t.x[:, n:]", "loser|last"),
    ],
    "dropout_mask": [
        ("(uniform < keep) / keep", "(uniform < keep) * 1.0", "divide by keep"),
        ("uniform < keep", "uniform < 1 - keep", "probability to keep"),
        ("uniform < keep", "uniform > keep", "keep those below"),
    ],
    "views": [
        (".reshape(shape)", ".reshape(shape).copy()", "copies"),
        ("start = stop", "pass", "begins where the last one ends"),
        (
            "found.append(theta[start:stop].reshape(shape))",
            "found.append(theta[start:stop])",
            "shape",
        ),
    ],
    "backward": [
        (
            "zip(reversed(net.layers), reversed(tape.layers))",
            "zip(net.layers, tape.layers)",
            "last to",
        ),
        ("layer.backward_params(t.gy, t)", "pass", "backward_params"),
        ("tape.gy[...] = gy", "pass", "begin with"),
        ("return tape.gx", "return gy", "this is gy"),
        ("layer.backward(t.gy, t)", "gy = layer.backward(gy, t)", "returns nothing"),
        ("return tape.gx", "pass", "None"),
    ],
    "momentum_step": [
        ("theta += v", "theta = theta + v", "new array"),
        ("v -= rate * g", "v += rate * g", "climbs"),
        ("v -= rate * g", "v -= (1 - mu) * rate * g", "no factor 1 − μ"),
        ("theta += v", "theta += rate * v", "applied twice"),
        ("theta += v", "theta += v; g *= 0", "changes g"),
    ],
    "adam_step": [
        ("m / (1 - beta1**t), v / (1 - beta2**t)", "m, v", "not divided"),
        ("np.sqrt(v_hat) + epsilon", "np.sqrt(v_hat + epsilon)", "inside the root"),
        ("* g**2", "* g", "of g², not of g|negative"),
        ("theta -= rate", "theta += rate", "climbs"),
        ("m *= beta1\n    m +=", "m = beta1 * m +", "m is still 0"),
    ],
    "log_sigmoid": [
        ("np.minimum(a, 0) - np.log1p(np.exp(-np.abs(a)))", "np.log(1 / (1 + np.exp(-a)))", "-inf"),
        ("np.minimum(a, 0) - np.log1p(np.exp(-np.abs(a)))", "-np.log1p(np.exp(-a))", "-inf"),
        ("np.log1p(np.exp(-np.abs(a)))", "np.log(1 + np.exp(-np.abs(a)))", "log1p"),
        ("np.minimum(a, 0) - ", "np.minimum(-a, 0) - ", "sign of a is turned"),
    ],
    "value_slopes": [
        ("/ m, -1 /", "/ m, 1 /", "∂V/∂a_fake: the sign"),
        (
            "1 / (1 + np.exp(a_real)) / m, -1 / (1 + np.exp(-a_fake)) / m",
            "1 / (1 + np.exp(a_real)), -1 / (1 + np.exp(-a_fake))",
            "1/m is missing",
        ),
        ("1 / (1 + np.exp(a_real)) / m", "1 / (1 + np.exp(-a_real)) / m", "exchanged"),
        ("m = len(a_real)", "m = 2 * len(a_real)", "of one half"),
        ("return 1 / (1 + np.exp(a_real)) / m", "return (1 + np.exp(-a_real)) / m", "σ′"),
    ],
    "d_gradient": [
        (
            "D.backward(np.concatenate(value_slopes(a[:m], a[m:])), tape)",
            "r, f = value_slopes(a[:m], a[m:]); D.backward(r, tape[:m]); D.backward(f, tape[m:])",
            "overwrites",
        ),
        ("a[:m], a[m:]", "a[m:], a[:m]", "D.grad"),
        ("a[:m], a[m:])), tape)", "a[:m], a[m:])), tape); D.theta += 0.1 * D.grad", "moves θ_d"),
        ("D.backward(np.concatenate(value_slopes(a[:m], a[m:])), tape)", "pass", "as before"),
    ],
    "g_slope": [
        ('loss == "saturating"', 'loss != "saturating"', "other loss"),
        ("return -1 / (1 + np.exp(a)) / len(a)", "return -1 / (1 + np.exp(a))", "1/m"),
        ("return -1 / (1 + np.exp(-a))", "return 1 / (1 + np.exp(-a))", "sign is turned"),
    ],
    "g_gradient": [
        (", params=False", "", "frozen"),
        ("G.backward(gx, pass_g)", "pass", "as before"),
        ("g_slope(a, loss)", "-g_slope(a, loss)", "sign is turned"),
        (
            "G.backward(gx, pass_g)",
            "G.backward(np.repeat(g_slope(a, loss), 3, 1), pass_g)",
            "without",
        ),
    ],
    "algorithm1": [
        ("        yield pass_d.y\n", "        return pass_d.y\n", "yield"),
        ("rule_d.ascend()", "rule_d.descend()", "D ascends V"),
        (", pass_dg, params=False), pass_g)", ", pass_dg), pass_g)\n        rule_d.descend()", "D"),
        ("        p_z.minibatch(z)\n        fake = G", "        fake = G", "no minibatch of z"),
        (
            "            p_data.minibatch(x)\n",
            "            _ or p_data.minibatch(x)\n",
            "minibatch of x",
        ),
        ("        D.draw_masks(pass_dg, dropout)\n", "", "draw_masks|masks"),
        (
            "g_slope(D.forward(fake, pass_dg), loss)",
            "g_slope(D.forward(fake, pass_dg), '')",
            "theta_g",
        ),
        ("for _ in range(k):", "for _ in range(1):", "expected D D G"),
    ],
    "modes_found": [
        ("good.mean()", "good.sum()", "divide"),
        ("nearest[good]", "nearest", "farther off than 3σ"),
        ("3 * std", "std", "within 3σ, not within 1σ"),
        (
            "np.linalg.norm(samples[:, None] - means, axis=2)",
            "((samples[:, None] - means) ** 2).sum(2)",
            "squared|within",
        ),
    ],
    "optimal_discriminator": [
        ("p / np.where", "q / np.where", "1 − D"),
        ("np.where(total > 0, p / np.where(total > 0, total, 1), 0.5)", "p / total", "nan"),
        (", 0.5)", ", 0)", "should be 1/2"),
    ],
    "jsd": [
        (".sum() * dx", ".sum()", "dx is missing"),
        ("(kl(p) + kl(q)) / 2", "kl(p) + kl(q)", "twice"),
        ("there = f > 0", "there = f > -1", "nan"),
        ("np.log(", "np.log2(", "bits"),
        ("mid = (p + q) / 2", "mid = p + q", "half of it"),
    ],
    "parzen": [
        ("largest = u.max(1)", "largest = 0 * u.max(1)", "largest exponent"),
        (" - points.shape[1] * np.log(sigma * np.sqrt(2 * np.pi))", "", "normalising term"),
        ("points.shape[1] * np.log(sigma", "np.log(sigma", "counts once"),
        (".mean(1))", ".sum(1))", "1/n"),
    ],
    "Patient1": [
        ("t.x > 0", "t.x < 0", "x is wrong"),
        ("t.x > 0", "gy > 0", "^$|x is wrong"),
        ("gy * (t.x > 0)", "gy", "x is wrong"),
        ("gy * (t.x > 0)", "(t.x > 0)", "x is wrong"),
    ],
    "Patient2": [
        ("gy * t.y * (1 - t.y)", "gy * t.y * (1 - t.x)", "x is wrong"),
        ("gy * t.y * (1 - t.y)", "gy * t.y", "x is wrong"),
        ("gy * t.y * (1 - t.y)", "gy * (1 - t.y**2)", "x is wrong"),
    ],
    "Patient3": [
        ("gy.sum(0)", "gy.mean(0)", "b is wrong.*1/m too often"),
        ("t.x.T @ gy", "t.x.T @ gy / len(gy)", "W is wrong.*1/m too often"),
        ("gy.sum(0)", "gy[0]", "b is wrong"),
    ],
    "Patient4": [
        ("t.gx[...] = gy * (1 - t.y**2)", "t.gx[...] = gy", "x is wrong"),
        ("t.gx[...] = gy * (1 - t.y**2)", "t.gx[...] = gy * (1 - t.y)", "x is wrong"),
        (
            "t.gx[...] = gy * (1 - t.y**2)",
            "gy -= gy * t.y**2; t.gx[...] = gy",
            "leave gy as it was",
        ),
    ],
    "Patient5": [
        ("gy * t.mask ", "gy * (t.mask > 0) ", "factor of ½"),
        ("gy * t.mask ", "gy ", "x is wrong"),
        (
            "t.gx[...] = gy * t.mask",
            "self.draw_mask(t, ng.Stream(5)); t.gx[...] = gy * t.mask",
            "mask",
        ),
    ],
    "Patient6": [
        ("t.gx[...] = gy * (1 - t.y**2)", "t.gx[...] = gy * (1 - t.x**2)", "x is wrong"),
        ("t.gx[...] = gy * (1 - t.y**2)", "t.gx[...] = gy * (1 - np.tanh(t.y)**2)", "x is wrong"),
        ("(1 - t.y**2)", "(1 - self.kept**2)", "no kept"),
    ],
    "patient7": [
        (
            "-np.logaddexp(0, -a_real).mean() - np.logaddexp(0, a_fake).mean()",
            "np.log(sigma(a_real) + 1e-8).mean() + np.log(1 - sigma(a_fake) + 1e-8).mean()",
            "small number added",
        ),
        (
            "-np.logaddexp(0, -a_real).mean() - np.logaddexp(0, a_fake).mean()",
            "np.log(np.clip(sigma(a_real), 1e-12, 1)).mean() + np.log(1 - sigma(a_fake)).mean()",
            "where D is sure",
        ),
        ("- np.logaddexp(0, a_fake)", "+ np.logaddexp(0, a_fake)", "sign of the generated half"),
    ],
    "patient8": [
        ("(1 - D_real) / len", "(1 - D_real) ** 2 * D_real / len", "once more"),
        ("(1 - D_real) / len(a_real)", "1 / D_real / len(a_real)", "slope at D"),
        ("-D_fake /", "D_fake /", "sign"),
        ("(1 - D_real) / len(a_real), -D_fake / len(a_fake)", "1 - D_real, -D_fake", "1/m"),
    ],
    "patient9": [
        ("[real, fake]", "[fake, real]", "theta_d is wrong"),
        ("[real, fake]", "[real, 0 * fake]", "theta_d is wrong"),
        ("rule_d.ascend()", "rule_d.descend()", "D ascends V"),
    ],
    "patient10": [
        ("rule_g.descend()", "rule_g.ascend()", "G descends its loss"),
        (
            "params=False), pass_g)\n",
            "params=False), pass_g)\n    D.theta -= 0.1 * D.grad\n",
            "θ has moved",
        ),
        ("    rule_g.descend()\n", "", "updates .* were D D"),
    ],
    "patient11": [
        (
            "picture = fake.copy()",
            "p_z.minibatch(z); picture = G.forward(z, pass_g)",
            "theta_g is wrong",
        ),
        ("picture = fake.copy()", "picture = None", "picture is None"),
        (
            "picture = fake.copy()",
            "picture = fake.copy(); D.draw_masks(pass_d, dropout)",
            "stale|mask",
        ),
    ],
    "patient12": [
        ("beta1**t), v / (1 - beta2**t)", "beta1), v / (1 - beta2)", "power t is missing"),
        ("m / (1 - beta1**t), v / (1 - beta2**t)", "m, v", "not divided"),
        ("beta1**t), v / (1 - beta2**t)", "beta1**t), v / (1 - beta2)", "theta after three"),
        (
            "beta1**t), v / (1 - beta2**t)",
            "beta1**(t - 1) + 1e-9), v / (1 - beta2**t)",
            "theta after",
        ),
    ],
}
