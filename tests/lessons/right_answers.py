"""Right answers in another style than the solution: (blank, what stands in it)."""

RIGHT = [
    ("affine_forward", "return np.einsum('ik,kj->ij', x, W) + b"),
    (
        "affine_forward",
        """
        y = np.empty((len(x), len(b)))
        np.matmul(x, W, out=y)
        y += b
        return y
        """,
    ),
    (
        "affine_forward",
        """
        return [[sum(a * w for a, w in zip(r, c)) + e for c, e in zip(W.T, b)] for r in x]
        """,
    ),
    (
        "affine_backward",
        "return np.dot(gy, W.T), np.einsum('ik,ij->kj', x, gy), np.ones(len(gy)) @ gy",
    ),
    ("affine_backward", "return [gy @ W.T, sum(np.outer(a, g) for a, g in zip(x, gy)), sum(gy)]"),
    (
        "central_difference",
        "return [(f(x + eps * e) - f(x - eps * e)) / (2 * eps) for e in np.eye(len(x))]",
    ),
    ("complex_step", "return np.array([np.imag(f(x + 1j * h * e)) for e in np.eye(len(x))]) / h"),
    (
        "relu_backward",
        """
        gx = gy.copy()
        gx[x <= 0] = 0
        return gx
        """,
    ),
    ("relu_backward", "return np.where(x > 0, gy, 0)"),
    (
        "MyMaxout",
        """
        f = t.x[:, :n] >= t.x[:, n:]
        t.gx[...] = np.concatenate([gy * f, gy * (1 - f)], axis=1)
        """,
    ),
    ("dropout_mask", "return np.where(uniform < keep, 1 / keep, 0)"),
    (
        "views",
        """
        ends = np.cumsum([int(np.prod(s)) for s in shapes])
        return [a.reshape(s) for a, s in zip(np.split(theta, ends), shapes)]
        """,
    ),
    (
        "backward",
        """
        g = gy
        for layer, t in zip(net.layers[::-1], tape.layers[::-1]):
            layer.backward(g, t)
            layer.backward_params(g, t)
            g = t.gx
        return g.copy()
        """,
    ),
    (
        "momentum_step",
        """
        v[...] = mu * v - rate * g
        theta[:] = theta + v
        """,
    ),
    (
        "adam_step",
        """
        m += (1 - beta1) * (g - m)
        v += (1 - beta2) * (g * g - v)
        c = np.sqrt(1 - beta2**t)
        theta -= rate * c / (1 - beta1**t) * m / (np.sqrt(v) + epsilon * c)
        """,
    ),
    ("log_sigmoid", "return -np.logaddexp(0, -a)"),
    (
        "value_slopes",
        """
        D = lambda a: 1 / (1 + np.exp(-a))
        return [D(-a_real) / a_real.shape[0], -D(a_fake) / a_fake.shape[0]]
        """,
    ),
    (
        "d_gradient",
        """
        g = np.zeros_like(D.grad)
        for half, rows in enumerate((x, fake)):
            t = D.tape(m)
            a = D.forward(rows, t)
            D.backward(value_slopes(a, a)[half], t)
            g += D.grad
        D.grad[...] = g
        """,
    ),
    (
        "g_slope",
        """
        D = 1 / (1 + np.exp(-a))
        return {'saturating': -D, 'non_saturating': D - 1}[loss] / len(a)
        """,
    ),
    (
        "g_gradient",
        """
        kept = D.grad.copy()
        gx = D.backward(g_slope(a, loss), pass_d)
        D.grad[...] = kept
        G.backward(gx, pass_g)
        """,
    ),
    (
        "modes_found",
        """
        hits, good = set(), 0
        for s in samples:
            d = [np.hypot(*(s - mean)) for mean in means]
            if min(d) <= 3 * std:
                hits.add(int(np.argmin(d)))
                good += 1
        return len(hits), good / len(samples)
        """,
    ),
    ("optimal_discriminator", "return [a / (a + b) if a + b else 0.5 for a, b in zip(p, q)]"),
    ("optimal_discriminator", "return np.nan_to_num(p / (p + q), nan=0.5)"),
    (
        "jsd",
        """
        mid = (p + q) / 2
        return (np.nansum(p * np.log(p / mid)) + np.nansum(q * np.log(q / mid))) * dx / 2
        """,
    ),
    ("average_step", "mean += (1 - min(beta, 1 - 3 / (t + 2))) * (theta - mean)"),
    (
        "average_step",
        """
        b = beta if (t - 1) / (t + 2) > beta else (t - 1) / (t + 2)
        mean[...] = b * mean + (1 - b) * theta
        return mean
        """,
    ),
    (
        "parzen",
        """
        u = -((points[:, None] - samples) ** 2).sum(2) / (2 * sigma**2)
        d = points.shape[1]
        return np.logaddexp.reduce(u, axis=1) - np.log(len(samples)) - d * np.log(sigma * np.sqrt(2 * np.pi))
        """,
    ),
    (
        "patient7",
        """
        D = np.abs
        real, fake = (np.minimum(a, 0) - np.log1p(np.exp(-D(a))) for a in (a_real, -a_fake))
        return real.mean() + fake.mean()
        """,
    ),
    (
        "patient9",
        """
        D.backward(real, pass_d[:m])
        g = D.grad.copy()
        D.backward(fake, pass_d[m:])
        D.grad += g
        optimizer_d.ascend()
        """,
    ),
    ("patient9", "D.backward(-np.concatenate([real, fake]), pass_d)\noptimizer_d.descend()"),
    (
        "patient10",
        """
        G.backward(-D.backward(slope, pass_d, params=False), pass_g)
        optimizer_g.ascend()
        """,
    ),
    ("patient11", "picture = G.forward(z, G.tape(m)).copy()"),
    (
        "patient11",
        """
        shown = np.empty_like(z)
        p_z.minibatch(shown)
        picture = G.forward(shown, G.tape(m))
        """,
    ),
    (
        "g_slope",
        """
        if loss == "saturating":
            return -1 / (1 + np.exp(-a)) / len(a)
        if loss == "non_saturating":
            return -1 / (1 + np.exp(a)) / len(a)
        raise NotImplementedError(loss)
        """,
    ),
    ("Patient2", "t.gx[...] = gy * sigma(t.x) * sigma(-t.x)"),
    (
        "Patient4",
        """
        gy = gy.copy()
        gy *= 1 - t.y**2
        t.gx[...] = gy
        """,
    ),
    (
        "MySigmoid",
        """
        e = np.exp(-np.abs(x))
        t.y[...] = np.where(x > 0, 1 / (1 + e), e / (1 + e))

    def backward(self, gy, t):
        t.gx[...] = gy * t.y * (1 - t.y)
        """,
    ),
]
