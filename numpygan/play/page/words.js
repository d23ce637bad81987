// The words of a game's picture, numbers and curves: labels, legends, and what each means.

export const SHOWN = {
  plane: { data: "data", samples: "samples", arrows: "−∂L/∂G(z)", mesh: "G of a grid in z" },
  line: { data: "p_data", samples: "p_g", arrows: "−∂L/∂G(z)", mesh: "z → x" },
  images: {
    samples: "samples",
    data: "examples",
    arrows: "G's minibatch",
    mesh: "nearest training images",
  },
};
export const LEGENDS = {
  plane: [
    ["ink", "D = ½"],
    ["ink dot", "data"],
    ["green dot", "G(z)"],
    ["arrow", "−∂L/∂G(z), the way that G's step pulls G(z)"],
  ],
  line: [
    ["ink dotted", "p_data"],
    ["green", "p_g"],
    ["accent dashed", "D"],
    ["accent", "D*"],
    ["green dot", "G(z)"],
    ["arrow", "−∂L/∂G(z)"],
  ],
  images: [],
};
export const SURFACES = {
  D: [
    ["accent block", "D above ½"],
    ["minus block", "D below ½"],
  ],
  best: [
    ["accent block", "D* above ½"],
    ["minus block", "D* below ½"],
    ["ink dashed", "D* = ½"],
  ],
  difference: [
    ["accent block", "D above D*"],
    ["minus block", "D below D*"],
    ["ink dashed", "D* = ½"],
  ],
  p_g: [
    ["accent block", "p_g, the darker the denser"],
    ["ink dashed", "D* = ½"],
  ],
};
export const NUMBERS = [
  [
    "V",
    "V",
    "the value of the game in the last whole iteration, on its minibatch: D ascends it, G descends it; 0 if D is always right",
  ],
  ["real", "D(x)", "D's mean verdict on the examples of that minibatch: 1 is surely data"],
  ["fake", "D(G(z))", "D's mean verdict on the samples of that minibatch: 0 is surely generated"],
  [
    "push",
    "m ‖∂L/∂G(z)‖",
    "its mean over G's minibatch: how hard G's loss pulls at a sample; near 0 where the loss saturates",
  ],
  ["onGrid", "V over x", "V of D as it is, by a sum over the whole picture"],
  ["best", "C(G)", "V of the best D there is, D*: −log 4 + 2 JSD"],
  [
    "jsd",
    "JSD",
    "Jensen–Shannon divergence of p_data and p_g in nats: 0 if they are equal, log 2 if apart",
  ],
  [
    "parzen",
    "log p",
    "Parzen estimate of validation images in nats, and its σ: higher is better; it is rough, and says little about how the images look; the curve says at which iteration",
  ],
  ["modes", "modes", "modes with a sample within 3σ, and the share of samples within 3σ of a mode"],
  [
    "thetaG",
    "θ_g",
    "a fingerprint of G's parameters (CRC-32): with the same eight digits they are the same, bit for bit",
  ],
  ["thetaD", "θ_d", "a fingerprint of D's parameters"],
];
export const CURVES =
  "V, and below it D's mean verdicts. D is sure where D(x) is near 1 and D(G(z)) near 0. Where D can't tell, V is −log 4 and both are ½.";
export const MODES =
  "How many modes have a sample within 3σ, and the share of all samples that lie there. Counted twice a second while the game plays, and at once when it stands still.";
export const GRADIENTS =
  "The length of each layer's gradient, ‖∂V/∂θ‖ in D and ‖∂L/∂θ‖ in G, on a logarithmic axis. G's become tiny where its loss saturates.";
