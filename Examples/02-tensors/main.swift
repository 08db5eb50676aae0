import Ganymede

// The engine on its own: write an expression, differentiate it twice, print the graph, run it.
let builder = GraphBuilder()
let x = builder.feed("x", TensorType([4]))
let y = (x * x * x).sum()
let slope = gradients(of: y, withRespectTo: [x])[0]
let curvature = gradients(of: slope.sum(), withRespectTo: [x])[0]
builder.result("slope", slope)
builder.result("curvature", curvature)
print(builder.graph)

try EngineThread.run {
    let program = try Program(builder.graph, store: StateStore())
    program.setFeed("x", [1, 2, 3, 4])
    program.run()
    print("3 x^2 =", program.result("slope"))
    print("6 x   =", program.result("curvature"))
}
